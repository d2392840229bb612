//! What a report on a device asks of it: its adapter, the kernel a product would take, and the most it computes.

use crate::kernels::{fresh, matmul};
use crate::pipelines::{Bind, Kernel};
use crate::recorder::Launch;
use crate::{Adapter, Gpu, Plan};
use std::time::Instant;
use tensor_core::{Backend, Result};

const CHAINS: Kernel = Kernel { text: firebrand_shaders::PEAK, entry: "chains" };
/// Workgroups of the measurement, and the invocations of each: plenty for the widest card.
const GROUPS: [u32; 2] = [4096, 256];
/// Multiply-adds of one invocation in one turn of `peak.wgsl`: 8 chains of 4 lanes and 4 links.
const A_TURN: f64 = 8.0 * 4.0 * 4.0;
/// Seconds that a measurement lasts at least, so that starting it does not count.
const LONG_ENOUGH: f64 = 0.03;

impl Gpu {
    /// What this device was opened on.
    pub fn adapter(&self) -> &Adapter {
        &self.shared.adapter
    }

    /// How the product `[B, M, K] · [B, K, N]` of floats would be computed.
    ///
    /// ```no_run
    /// let device = backend_wgpu::open("wgpu")?;
    /// let gpu = device.downcast_ref::<backend_wgpu::Gpu>().expect("just opened");
    /// println!("{}", gpu.product_plan([1, 4096, 4096], 4096)); // tiles of 64×64
    /// # Ok::<(), backend_wgpu::OpenError>(())
    /// ```
    pub fn product_plan(&self, [batch, m, k]: [usize; 3], n: usize) -> Plan {
        matmul::plan(self.shared.software, batch, m, n, k, false)
    }

    /// The most f32 multiply-adds per second, measured by a loop that touches registers only: what products are
    /// held against. Takes a fraction of a second.
    ///
    /// # Errors
    /// When the device fails.
    pub fn fma_peak(&self) -> Result<f64> {
        let invocations = GROUPS[0] * GROUPS[1];
        let out = fresh(&self.shared, invocations as usize)?;
        let run = |turns: u32| -> Result<f64> {
            let clock = Instant::now();
            self.shared.launch(&Launch {
                kernel: CHAINS,
                constants: &[],
                binds: &[Bind::Write(1, &out)],
                params: &[turns, 0.999f32.to_bits(), 0.001f32.to_bits()],
                groups: [GROUPS[0], 1, 1],
            })?;
            self.sync()?;
            Ok(clock.elapsed().as_secs_f64())
        };
        run(1)?; // compiles
        let mut turns = 1;
        while run(turns)? < LONG_ENOUGH && turns < 1 << 14 {
            turns *= 2;
        }
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            best = best.min(run(turns)?);
        }
        Ok(f64::from(invocations) * f64::from(turns) * A_TURN / best)
    }
}
