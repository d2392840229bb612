//! Threads: how many, when a piece of work is worth them, and the team that does it.
//!
//! Work is always cut the same way for the same shapes into pieces that do not depend on each other,
//! so results are the same bits at any number of threads.

use crate::call::{Call1, Call2};
use crate::team::Team;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Elements below which a pointwise operation stays on the calling thread: a few microseconds of work,
/// several times what waking the team costs.
const SERIAL_ELEMENTS: usize = 1 << 15;

static COUNT: AtomicUsize = AtomicUsize::new(0);

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

/// How many threads work is worth, in elements touched.
pub fn worth(work: usize) -> usize {
    if work < SERIAL_ELEMENTS { 1 } else { num_threads() }
}

/// Calls `f(0), …, f(parts − 1)`, each once, on as many threads as kernels may use.
pub fn broadcast(parts: usize, f: &(impl Fn(usize) + Sync)) {
    spread(parts, f);
}

/// Calls `f` on every item, whichever thread is free taking the next; `work` is that of all of them, in
/// elements touched.
pub fn each<I: Iterator<Item: Send> + Send>(items: I, work: usize, f: &(impl Fn(I::Item) + Sync)) {
    spread_items(items, work, f);
}

/// Calls `f(index of the first element, elements)` for pieces of `out`, on several threads when it is long.
pub fn chunks<T: Send>(out: &mut [T], f: &(impl Fn(usize, &mut [T]) + Sync)) {
    spread_chunks(out, f);
}

/// Calls `f(index of the group, group)` for groups of `size` elements of `out`, the last as short as what is
/// left; `cost` is the work of one group, in elements touched.
pub fn groups<T: Send>(out: &mut [T], size: usize, cost: usize, f: &(impl Fn(usize, &mut [T]) + Sync)) {
    spread_groups(out, size, cost, f);
}

// What follows is compiled once a type; a kernel is a function that it calls, and stands in the program once.

type Part<'a, T> = &'a dyn for<'p> Call2<usize, &'p mut [T]>;

fn spread(parts: usize, f: &dyn Call1<usize>) {
    let threads = num_threads();
    if parts <= 1 || threads == 1 {
        (0..parts).for_each(|part| f.run(part))
    } else {
        Team::run(threads, parts, f)
    }
}

#[inline(never)]
fn spread_items<I: Iterator<Item: Send> + Send>(items: I, work: usize, f: &dyn Call1<I::Item>) {
    let threads = num_threads();
    if threads == 1 || work < SERIAL_ELEMENTS {
        return items.for_each(|item| f.run(item));
    }
    let queue = Mutex::new(items);
    broadcast(threads, &|_| {
        loop {
            let item = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(item) = item else { return };
            f.run(item);
        }
    });
}

#[inline(never)]
fn spread_chunks<T: Send>(out: &mut [T], f: Part<T>) {
    if out.len() < SERIAL_ELEMENTS {
        return f.run(0, out);
    }
    let size = out.len().div_ceil(num_threads()).next_multiple_of(64);
    let work = out.len();
    each(out.chunks_mut(size).enumerate(), work, &|(part, elements)| f.run(part * size, elements));
}

#[inline(never)]
fn spread_groups<T: Send>(out: &mut [T], size: usize, cost: usize, f: Part<T>) {
    let size = size.max(1);
    let count = out.len().div_ceil(size);
    let run = count.div_ceil(num_threads()).max(1);
    each(out.chunks_mut(run * size).enumerate(), count * cost, &|(part, groups)| {
        groups.chunks_mut(size).enumerate().for_each(|(index, group)| f.run(part * run + index, group));
    });
}
