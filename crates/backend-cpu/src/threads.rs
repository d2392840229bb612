//! Threads: how many, and when a piece of work is worth them.
//!
//! Work is always cut the same way for the same shapes into pieces that do not depend on each other,
//! so results are the same bits at any number of threads.

use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Elements below which a pointwise operation stays on the calling thread: about 20 µs of work,
/// several times what waking another thread costs.
const SERIAL_ELEMENTS: usize = 1 << 16;

static COUNT: AtomicUsize = AtomicUsize::new(0);
static POOL: Mutex<Option<Arc<rayon::ThreadPool>>> = Mutex::new(None);

/// How many threads kernels may use: `set_num_threads`, else `FIREBRAND_NUM_THREADS`, else the cores.
pub fn num_threads() -> usize {
    static DEFAULT: OnceLock<usize> = OnceLock::new();
    match COUNT.load(Ordering::Relaxed) {
        0 => *DEFAULT.get_or_init(|| {
            std::env::var("FIREBRAND_NUM_THREADS")
                .ok()
                .and_then(|text| text.parse().ok())
                .filter(|&count| count > 0)
                .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
        }),
        count => count,
    }
}

/// Sets how many threads kernels may use, at least one. The results of kernels do not depend on it.
pub fn set_num_threads(count: usize) {
    COUNT.store(count.max(1), Ordering::Relaxed);
}

/// Runs `work` with rayon's current pool being ours, of [`num_threads`] threads.
pub fn install<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let count = num_threads();
    let pool = {
        let mut slot = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(pool) if pool.current_num_threads() == count => pool.clone(),
            _ => {
                let built = rayon::ThreadPoolBuilder::new()
                    .num_threads(count)
                    .thread_name(|index| format!("firebrand-{index}"))
                    .build();
                match built {
                    Ok(pool) => slot.insert(Arc::new(pool)).clone(),
                    Err(_) => return work(), // no threads to be had: rayon's global pool, or this thread
                }
            }
        }
    };
    pool.install(work)
}

/// Calls `f(index of the first element, elements)` for pieces of `out`, on several threads when it is long.
pub fn chunks<T: Send>(out: &mut [T], f: impl Fn(usize, &mut [T]) + Sync) {
    let threads = num_threads();
    if threads == 1 || out.len() < SERIAL_ELEMENTS {
        return f(0, out);
    }
    let size = out.len().div_ceil(threads).next_multiple_of(64);
    install(|| out.par_chunks_mut(size).enumerate().for_each(|(index, part)| f(index * size, part)));
}

/// Calls `f(index of the group, group)` for groups of `size` elements of `out`; `cost` is the work
/// of one group, in elements touched.
pub fn groups<T: Send>(out: &mut [T], size: usize, cost: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    let count = out.len() / size.max(1);
    let threads = num_threads();
    if threads == 1 || count < 2 || count * cost < SERIAL_ELEMENTS {
        return out.chunks_mut(size.max(1)).enumerate().for_each(|(index, group)| f(index, group));
    }
    let each = count.div_ceil(threads);
    install(|| {
        out.par_chunks_mut(each * size).enumerate().for_each(|(part, groups)| {
            groups.chunks_mut(size).enumerate().for_each(|(index, group)| f(part * each + index, group));
        });
    });
}

/// As [`groups`], the last group being as short as what is left.
pub fn groups_uneven<T: Send>(out: &mut [T], size: usize, cost: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    if num_threads() == 1 || out.len() <= size || out.len() / size * cost < SERIAL_ELEMENTS {
        return out.chunks_mut(size).enumerate().for_each(|(index, group)| f(index, group));
    }
    install(|| out.par_chunks_mut(size).enumerate().for_each(|(index, group)| f(index, group)));
}
