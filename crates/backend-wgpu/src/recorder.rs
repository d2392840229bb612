//! The recorder: kernels append to one compute pass of one encoder, which is submitted at a readback, at
//! `sync()`, after an optimizer's step, or when it is full.
//!
//! A dispatch's parameters go to a slot of one uniform buffer, which is written once per submit: the write
//! takes effect before the commands it belongs to and after all earlier ones.

use crate::device::Shared;
use crate::pipelines::{Bind, Kernel, PARAMS, Pipelines};
use crate::pool::lock;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use tensor_core::Result;

/// Dispatches in one submit at most.
pub const CAPACITY: usize = 256;
/// Submits that may wait in the queue before the host waits too.
const IN_FLIGHT: usize = 4;
/// Dispatches below which the end of an optimizer's step is no reason to submit.
const WORTH_SUBMITTING: usize = 8;

/// One kernel start.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The entry point.
    pub kernel: Kernel,
    /// Values of its overridable constants.
    pub constants: &'a [(&'static str, f64)],
    /// Its storage buffers.
    pub binds: &'a [Bind<'a>],
    /// Its parameters, as 32-bit words.
    pub params: &'a [u32],
    /// Workgroups.
    pub groups: [u32; 3],
}

#[derive(Debug)]
struct Open {
    // Dropped before the encoder it borrows from.
    pass: wgpu::ComputePass<'static>,
    encoder: wgpu::CommandEncoder,
}

/// What is being recorded, and what is on its way.
#[derive(Debug)]
pub struct Recorder {
    open: Option<Open>,
    recorded: usize,
    params: Vec<u8>,
    uniforms: wgpu::Buffer,
    stride: usize,
    /// The number of the recording, counted from 1.
    pub serial: u64,
    in_flight: VecDeque<wgpu::SubmissionIndex>,
    /// Caches.
    pub pipelines: Pipelines,
    /// Kernels started.
    pub dispatches: u64,
    /// Recordings submitted.
    pub submits: u64,
}

impl Recorder {
    /// An empty recorder of a device.
    pub fn new(device: &wgpu::Device) -> Self {
        let stride = PARAMS.next_multiple_of(device.limits().min_uniform_buffer_offset_alignment.into());
        Recorder {
            open: None,
            recorded: 0,
            params: Vec::with_capacity(CAPACITY * stride as usize),
            uniforms: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("parameters"),
                size: CAPACITY as u64 * stride,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
            stride: stride as usize,
            serial: 1,
            in_flight: VecDeque::new(),
            pipelines: Pipelines::default(),
            dispatches: 0,
            submits: 0,
        }
    }

    fn launch(&mut self, device: &wgpu::Device, launch: &Launch) {
        let open = self.open.get_or_insert_with(|| {
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()).forget_lifetime();
            Open { pass, encoder }
        });
        let offset = self.recorded * self.stride;
        self.params.resize(offset, 0);
        launch.params.iter().for_each(|word| self.params.extend(word.to_ne_bytes()));
        let (pipeline, group) =
            self.pipelines.get(device, &self.uniforms, launch.kernel, launch.constants, launch.binds);
        open.pass.set_pipeline(pipeline);
        open.pass.set_bind_group(0, group, &[offset as u32]);
        let [x, y, z] = launch.groups;
        open.pass.dispatch_workgroups(x, y, z);
        self.recorded += 1;
        self.dispatches += 1;
        for bind in launch.binds {
            bind.block().memory().used.store(self.serial, Ordering::Relaxed);
        }
    }

    /// Ends the recording, lets `f` append to its encoder, and submits it.
    fn submit(
        &mut self,
        shared: &Shared,
        f: impl FnOnce(&mut wgpu::CommandEncoder),
    ) -> wgpu::SubmissionIndex {
        let mut encoder = match self.open.take() {
            Some(Open { pass, encoder }) => {
                drop(pass);
                encoder
            }
            None => shared.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default()),
        };
        f(&mut encoder);
        if !self.params.is_empty() {
            let whole = self.params.len().next_multiple_of(4);
            self.params.resize(whole, 0);
            shared.queue.write_buffer(&self.uniforms, 0, &self.params);
            self.params.clear();
        }
        let index = shared.queue.submit([encoder.finish()]);
        self.recorded = 0;
        self.serial += 1;
        self.submits += 1;
        self.in_flight.push_back(index.clone());
        index
    }
}

impl Shared {
    /// Records a kernel; one without workgroups is none.
    pub fn launch(&self, launch: &Launch) -> Result<()> {
        self.check()?;
        if launch.groups.contains(&0) {
            return Ok(());
        }
        let mut recorder = lock(&self.recorder);
        if std::mem::take(&mut lock(&self.pool).stale) {
            recorder.pipelines.forget_groups();
        }
        recorder.launch(&self.device, launch);
        if recorder.recorded == CAPACITY {
            self.finish(recorder, |_| ())?;
        }
        self.check()
    }

    fn finish(
        &self,
        mut recorder: std::sync::MutexGuard<Recorder>,
        f: impl FnOnce(&mut wgpu::CommandEncoder),
    ) -> Result<wgpu::SubmissionIndex> {
        let index = recorder.submit(self, f);
        let oldest = if recorder.in_flight.len() > IN_FLIGHT { recorder.in_flight.pop_front() } else { None };
        drop(recorder);
        if let Some(oldest) = oldest {
            self.wait(&oldest)?;
        }
        self.check()?;
        Ok(index)
    }

    /// Submits what is recorded, with `f`'s commands at its end.
    pub fn submit(&self, f: impl FnOnce(&mut wgpu::CommandEncoder)) -> Result<wgpu::SubmissionIndex> {
        self.check()?;
        self.finish(lock(&self.recorder), f)
    }

    /// Submits what is recorded if it is much: a step of training has ended.
    pub fn step_ended(&self) -> Result<()> {
        let recorder = lock(&self.recorder);
        if recorder.recorded >= WORTH_SUBMITTING {
            self.finish(recorder, |_| ())?;
        }
        Ok(())
    }

    /// Waits for a submission.
    pub fn wait(&self, index: &wgpu::SubmissionIndex) -> Result<()> {
        loop {
            let wait = wgpu::PollType::Wait {
                submission_index: Some(index.clone()),
                timeout: Some(std::time::Duration::from_secs(5)),
            };
            match self.device.poll(wait) {
                Ok(_) => return self.check(),
                // Long work is no failure; a device that is gone is.
                Err(wgpu::PollError::Timeout) => self.check()?,
                Err(error) => return Err(self.failure(error.to_string())),
            }
        }
    }
}
