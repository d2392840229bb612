//! The team: threads that wait for the next kernel, spinning for a moment before they sleep.
//!
//! A training step of a small network is a chain of parallel regions a few microseconds apart; waking a
//! sleeping thread costs more than most of them. So a worker that finds nothing to do looks [`SPINS`] times
//! before it parks. The parts of a region are claimed one by one, by the caller too: on a busy machine, where
//! a worker may not get a core in time, the caller does its part as well and nothing waits. Which thread does
//! which part changes no result. One region runs at a time; a caller who finds the team busy, or is part of
//! it, does all the parts itself.

use crate::call::Call1;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::Thread;

/// How often a waiting thread looks, [`GLANCES`] times each, before it parks (a worker) or yields (the caller):
/// some 50 µs in all.
const SPINS: u32 = 1_000;
/// Plain loads between two pauses. A hypervisor takes the processor away from a guest that does nothing but
/// pause; these keep the pauses too far apart for that.
const GLANCES: u32 = 64;

/// A region's function of a part, as a pointer whose lifetime is erased.
type Job = *const dyn Call1<usize>;

/// What the caller and the workers share.
struct Board {
    /// The function and the number of parts. Written by the caller only, while nothing is unfinished; read by
    /// whoever has claimed a part.
    job: UnsafeCell<(Job, usize)>,
    /// Parts nobody has claimed yet; they are claimed in order. So the caller, being first, does the first part
    /// of every region, and finds in its cache what it left there.
    unclaimed: AtomicUsize,
    /// Parts that are not done.
    unfinished: AtomicUsize,
    panicked: AtomicBool,
    /// Whether the team has been dismissed.
    over: AtomicBool,
    parked: Vec<AtomicBool>,
}

// SAFETY: `job` is written only while no part is unfinished, so while no thread holds a claim, and is read only
// under a claim, whose atomic decrement comes after the caller's release; what it points to is `Sync`.
unsafe impl Sync for Board {}
// SAFETY: as above.
unsafe impl Send for Board {}

impl Board {
    /// Does unclaimed parts until there are none; the first panic among them, if any.
    fn work(&self) -> std::thread::Result<()> {
        let mut outcome = Ok(());
        loop {
            let claim = self.unclaimed.try_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1));
            let Ok(left) = claim else { return outcome };
            // SAFETY: this claim keeps `unfinished` above 0, so the caller keeps the function alive.
            let (f, parts) = unsafe { *self.job.get() };
            // SAFETY: as above.
            let f = unsafe { &*f };
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| f.run(parts - left))) {
                // Before the part counts as done, or the caller could have gone on by then.
                self.panicked.store(true, Ordering::Relaxed);
                outcome = Err(payload);
            }
            self.unfinished.fetch_sub(1, Ordering::Release);
        }
    }
}

/// The threads besides the caller.
pub struct Team {
    board: Arc<Board>,
    workers: Vec<Thread>,
}

static TEAM: Mutex<Option<Team>> = Mutex::new(None);

thread_local! {
    /// Whether this thread is inside a region, where another would wait for itself.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

impl Team {
    /// Calls `f(0), …, f(parts − 1)`, each once, on up to `threads` threads with the calling one.
    ///
    /// # Panics
    /// When a part panics, after all others are done.
    pub fn run(threads: usize, parts: usize, f: &dyn Call1<usize>) {
        match available() {
            Some(mut slot) => {
                if slot.as_ref().is_none_or(|team| team.workers.len() + 1 != threads) {
                    *slot = Team::hire(threads - 1);
                }
                match &*slot {
                    Some(team) => team.region(parts, f),
                    None => (0..parts).for_each(|part| f.run(part)),
                }
            }
            None => (0..parts).for_each(|part| f.run(part)),
        }
    }

    /// Starts `count` threads; `None` when the system has no more.
    fn hire(count: usize) -> Option<Team> {
        fn nothing(_: usize) {}
        let board = Arc::new(Board {
            job: UnsafeCell::new((&nothing, 0)),
            unclaimed: AtomicUsize::new(0),
            unfinished: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            over: AtomicBool::new(false),
            parked: (0..count).map(|_| AtomicBool::new(false)).collect(),
        });
        let mut team = Team { board, workers: Vec::with_capacity(count) };
        for index in 0..count {
            let board = team.board.clone();
            let thread = std::thread::Builder::new().name(format!("firebrand-{}", index + 1));
            team.workers.push(thread.spawn(move || life(&board, index)).ok()?.thread().clone());
        }
        Some(team)
    }

    fn region(&self, parts: usize, f: &dyn Call1<usize>) {
        let board = &*self.board;
        // SAFETY: only the lifetime is erased, and nobody calls the function after this method returns: it
        // waits, also when a part panics, until every part is finished.
        let f: &'static dyn Call1<usize> = unsafe { std::mem::transmute(f) };
        // SAFETY: nothing is unfinished, so no thread holds a claim and reads the job.
        unsafe { *board.job.get() = (f, parts) };
        board.unfinished.store(parts, Ordering::Relaxed);
        board.unclaimed.store(parts, Ordering::SeqCst);
        for (parked, worker) in board.parked.iter().zip(&self.workers).take(parts - 1) {
            if parked.load(Ordering::SeqCst) {
                worker.unpark();
            }
        }
        INSIDE.set(true);
        let own = board.work();
        INSIDE.set(false);
        while !watch(|| board.unfinished.load(Ordering::Acquire) == 0) {
            std::thread::yield_now();
        }
        let panicked = board.panicked.swap(false, Ordering::Relaxed);
        if let Err(payload) = own {
            resume_unwind(payload);
        }
        assert!(!panicked, "a kernel panicked on another thread");
    }
}

/// A team that is replaced by one of another size goes home.
impl Drop for Team {
    fn drop(&mut self) {
        self.board.over.store(true, Ordering::SeqCst);
        self.workers.iter().for_each(Thread::unpark);
    }
}

/// The team's slot, unless a region is under way on another thread or on this one.
fn available() -> Option<MutexGuard<'static, Option<Team>>> {
    if INSIDE.get() {
        return None;
    }
    match TEAM.try_lock() {
        Ok(slot) => Some(slot),
        Err(TryLockError::Poisoned(slot)) => Some(PoisonError::into_inner(slot)),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Looks for a moment whether something has come true.
fn watch(done: impl Fn() -> bool) -> bool {
    for _ in 0..SPINS {
        if (0..GLANCES).any(|_| done()) {
            return true;
        }
        std::hint::spin_loop();
    }
    false
}

/// A worker's life.
fn life(board: &Board, index: usize) {
    INSIDE.set(true);
    let wanted = || board.unclaimed.load(Ordering::SeqCst) > 0 || board.over.load(Ordering::SeqCst);
    while !board.over.load(Ordering::Relaxed) {
        // A panic is on the board: the caller tells of it.
        let _ = board.work();
        if !watch(|| board.unclaimed.load(Ordering::Relaxed) > 0) {
            // Who starts a region first posts it, then looks at the flag; here it is the other way round, so
            // one of the two sees the other.
            board.parked[index].store(true, Ordering::SeqCst);
            while !wanted() {
                std::thread::park();
            }
            board.parked[index].store(false, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_runs_once_whatever_the_size_of_the_team() {
        for parts in [2, 5, 3, 8, 2] {
            let counts: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
            for _ in 0..100 {
                Team::run(parts.min(4), parts, &|part: usize| {
                    counts[part].fetch_add(1, Ordering::Relaxed);
                });
            }
            assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 100));
        }
    }

    #[test]
    fn nested_and_concurrent_regions_finish() {
        let total = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        Team::run(2, 3, &|_| {
                            Team::run(2, 2, &|_| {
                                total.fetch_add(1, Ordering::Relaxed);
                            });
                        });
                    }
                });
            }
        });
        assert_eq!(total.load(Ordering::Relaxed), 4 * 50 * 3 * 2);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_lives_on() {
        for bad in [0, 1].repeat(500) {
            let outcome = catch_unwind(|| Team::run(2, 2, &|part| assert!(part != bad, "part {bad}")));
            assert!(outcome.is_err());
        }
        let ran = AtomicUsize::new(0);
        Team::run(2, 2, &|_| {
            ran.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(ran.load(Ordering::Relaxed), 2);
    }
}
