//! Downloads: the copy to a mappable buffer is the last command of the recording, and one wait follows.

use crate::device::Shared;
use crate::pool::{Block, class, lock};
use std::future::poll_fn;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use tensor_core::Result;

/// Where the driver leaves word that a buffer is mapped.
#[derive(Debug, Default)]
struct Arrival {
    result: Option<Result<(), wgpu::BufferAsyncError>>,
    waker: Option<Waker>,
}

/// A download on its way.
pub struct Pending {
    shared: Arc<Shared>,
    staging: wgpu::Buffer,
    size: u64,
    index: wgpu::SubmissionIndex,
    arrival: Arc<Mutex<Arrival>>,
}

impl Shared {
    /// Starts the download of `size` bytes of a block from `offset`, both multiples of 4.
    pub fn read(self: &Arc<Self>, block: &Block, offset: u64, size: u64) -> Result<Pending> {
        self.readbacks.fetch_add(1, Ordering::Relaxed);
        let capacity = class(size);
        let spare = lock(&self.staging).get_mut(&capacity).and_then(Vec::pop);
        let staging = spare.unwrap_or_else(|| {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("readback"),
                size: capacity,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        });
        let index = self.submit(|encoder| {
            encoder.copy_buffer_to_buffer(&block.memory().buffer, offset, &staging, 0, size);
        })?;
        let arrival = Arc::new(Mutex::new(Arrival::default()));
        let tell = arrival.clone();
        staging.slice(..size).map_async(wgpu::MapMode::Read, move |result| {
            let mut arrival = lock(&tell);
            arrival.result = Some(result);
            if let Some(waker) = arrival.waker.take() {
                waker.wake();
            }
        });
        Ok(Pending { shared: self.clone(), staging, size, index, arrival })
    }
}

impl Pending {
    /// Waits for the bytes.
    pub fn wait(self) -> Result<Vec<u8>> {
        self.shared.wait(&self.index)?;
        // The work is done; but word of it may have gone to another thread that waits, which is about to pass it on.
        let result = loop {
            if let Some(result) = lock(&self.arrival).result.take() {
                break result;
            }
            self.shared.check()?;
            let _ = self.shared.device.poll(wgpu::PollType::Poll);
            std::thread::yield_now();
        };
        self.take(Some(result))
    }

    /// The bytes, some day, without blocking.
    pub async fn arrive(self) -> Result<Vec<u8>> {
        let result = poll_fn(|context| {
            // Natively nobody else drives the device; in the browser this does nothing and the waker is called.
            let _ = self.shared.device.poll(wgpu::PollType::Poll);
            let mut arrival = lock(&self.arrival);
            if let Some(result) = arrival.result.take() {
                return Poll::Ready(Some(result));
            }
            if self.shared.check().is_err() {
                return Poll::Ready(None);
            }
            arrival.waker = Some(context.waker().clone());
            if cfg!(not(target_arch = "wasm32")) {
                context.waker().wake_by_ref();
                std::thread::yield_now();
            }
            Poll::Pending
        })
        .await;
        self.take(result)
    }

    fn take(self, result: Option<Result<(), wgpu::BufferAsyncError>>) -> Result<Vec<u8>> {
        self.shared.check()?;
        let failed = |what: String| self.shared.failure(format!("a download failed: {what}"));
        result.ok_or_else(|| failed("no answer".into()))?.map_err(|e| failed(e.to_string()))?;
        let view = self.staging.slice(..self.size).get_mapped_range().map_err(|e| failed(e.to_string()))?;
        let bytes = view.to_vec();
        drop(view);
        self.staging.unmap();
        let mut spare = lock(&self.shared.staging);
        let spare = spare.entry(class(self.size)).or_default();
        // Large ones are rare and would be held for ever.
        if self.size <= 1 << 20 && spare.len() < 4 {
            spare.push(self.staging.clone());
        }
        Ok(bytes)
    }
}
