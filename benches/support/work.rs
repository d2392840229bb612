//! What is measured, by the benches and by the report on a GPU alike: the devices to compare, operations with
//! the work they do, and whole training steps of three networks.

#[cfg(feature = "wgpu")]
use firebrand::backend_wgpu;
use firebrand::nn::{Linear, Module, ReLU, Sequential};
use firebrand::optim::{Adam, Optimizer, Sgd};
use firebrand::{Device, Tensor};

/// Said wherever a figure of an adapter that computes on the processor stands.
pub const SOFTWARE: &str = "software adapter: says nothing of a GPU";

/// The CPU, and the GPU when this was built for one and there is one.
pub fn devices() -> Vec<(&'static str, Device)> {
    #[cfg_attr(not(feature = "wgpu"), expect(unused_mut, reason = "the GPU joins under its feature"))]
    let mut found = vec![("cpu", firebrand::cpu())];
    #[cfg(feature = "wgpu")]
    match firebrand::wgpu("wgpu") {
        Ok(gpu) => found.push(("wgpu", gpu)),
        Err(error) => eprintln!("the CPU alone: {error}"),
    }
    found
}

/// Whether a device is a GPU's interface with no GPU behind it.
pub fn is_software(device: &Device) -> bool {
    #[cfg(feature = "wgpu")]
    if let Some(gpu) = device.downcast_ref::<backend_wgpu::Gpu>() {
        return gpu.adapter().is_software();
    }
    let _ = device;
    false
}

/// What one call does: its rate is 10⁹ of these a second.
#[derive(Clone, Copy)]
pub enum Work {
    /// Floating point operations.
    Flops(f64),
    /// Bytes read and written.
    Bytes(f64),
    /// Training steps: only the time matters.
    Step,
}

impl Work {
    /// The rate of a call that takes `seconds`, in 10⁹ a second.
    pub fn rate(self, seconds: f64) -> Option<f64> {
        match self {
            Work::Flops(n) | Work::Bytes(n) => Some(n / seconds / 1e9),
            Work::Step => None,
        }
    }
}

/// Something to measure on a device.
pub struct Case {
    /// What kind of operation.
    pub group: &'static str,
    /// Which one.
    pub what: String,
    /// What a call does.
    pub work: Work,
    /// Calls it once; what it started may still be under way.
    pub call: Box<dyn FnMut()>,
}

/// A product of matrices, as `[M, K, N]`.
pub fn product([m, k, n]: [usize; 3], device: &Device) -> Case {
    let (a, b) = (Tensor::rand([m, k], device), Tensor::rand([k, n], device));
    Case {
        group: "matmul",
        what: format!("{m}×{k}×{n}"),
        work: Work::Flops(2.0 * (m * k * n) as f64),
        call: Box::new(move || drop(a.matmul(&b))),
    }
}

/// Elementwise operations, reductions and softmax over `[rows, 1024]` floats.
pub fn elements(rows: usize, device: &Device) -> Vec<Case> {
    let numbers = || Tensor::rand([rows, 1024], device);
    let (a, b, square) = (numbers(), numbers(), rows == 1024);
    let case = |group, what: &str, arrays: usize, f: &dyn Fn(&Tensor) -> Box<dyn FnMut()>| Case {
        group,
        what: what.into(),
        work: Work::Bytes((4 * arrays * rows * 1024) as f64),
        call: f(&a),
    };
    let other = |f: fn(&Tensor, &Tensor) -> Tensor| {
        let b = b.clone();
        move |a: &Tensor| -> Box<dyn FnMut()> {
            let (a, b) = (a.clone(), b.clone());
            Box::new(move || drop(f(&a, &b)))
        }
    };
    let alone = |f: fn(&Tensor) -> Tensor| {
        move |a: &Tensor| -> Box<dyn FnMut()> {
            let a = a.clone();
            Box::new(move || drop(f(&a)))
        }
    };
    let mut cases = vec![case("elementwise", "add", 3, &other(|a, b| a + b))];
    if square {
        cases.push(case("elementwise", "add a transpose", 3, &other(|a, b| a + b.t())));
    }
    cases.extend([
        case("elementwise", "exp", 2, &alone(|a| a.exp())),
        case("reduce", "sum of all", 1, &alone(|a| a.sum())),
        case("reduce", "sum of rows", 1, &alone(|a| a.sum_dim(1, false))),
        case("reduce", "sum of columns", 1, &alone(|a| a.sum_dim(0, false))),
        case("softmax", "of rows", 2, &alone(|a| a.softmax(1))),
    ]);
    cases
}

/// A network and how it is trained.
pub struct Workload {
    /// Its name and sizes.
    pub name: &'static str,
    hidden: [usize; 2],
    batch: usize,
    /// By Adam, else by SGD with momentum.
    pub adam: bool,
}

/// The networks that the project measures itself by.
pub const WORKLOADS: [Workload; 3] = [
    Workload { name: "W1 784-128-64-10 b64 sgd", hidden: [128, 64], batch: 64, adam: false },
    Workload { name: "W2 784-512-512-10 b128 adam", hidden: [512, 512], batch: 128, adam: true },
    Workload { name: "W3 784-2048-2048-10 b1024 adam", hidden: [2048, 2048], batch: 1024, adam: true },
];

impl Workload {
    /// The sizes of its products, `[M, K, N]` of the layers forward.
    pub fn products(&self) -> [[usize; 3]; 3] {
        let [first, second] = self.hidden;
        [[self.batch, 784, first], [self.batch, first, second], [self.batch, second, 10]]
    }

    /// Whether a step takes a software adapter seconds.
    pub fn is_long(&self) -> bool {
        self.batch >= 1024
    }

    /// A training step on a device (fetch a batch, forward, loss, backward, optimizer), over images of noise
    /// that stay there as bytes; it returns the loss.
    pub fn stepper(&self, device: &Device) -> impl FnMut() -> Tensor + use<> {
        let mut model = Sequential::default();
        let mut inputs = 784;
        for size in self.hidden {
            model.push(Linear::new(inputs, size, device));
            model.push(ReLU);
            inputs = size;
        }
        model.push(Linear::new(inputs, 10, device));
        let mut optimizer: Box<dyn Optimizer> = if self.adam {
            Box::new(Adam::new(model.parameters(), 0.001))
        } else {
            Box::new(Sgd::new(model.parameters(), 0.003).momentum(0.9))
        };
        const IMAGES: usize = 8192;
        // Bytes from the beginning, so that making them is not the most memory ever held.
        let noise = |i: usize| ((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
        let pixels = Tensor::from_vec((0..IMAGES * 784).map(noise).collect(), [IMAGES, 784], device);
        let labels = Tensor::randint(0, 10, [IMAGES], device);
        let (batch, device) = (self.batch, device.clone());
        let mut at = 0;
        move || {
            let index: Vec<i32> = (0..batch).map(|i| ((at + 37 * i) % IMAGES) as i32).collect();
            at += batch;
            let index = Tensor::from_vec(index, batch, &device);
            let (x, y) = pixels.fetch_batch(&labels, &index, 0.5, 0.5);
            optimizer.zero_grad();
            let loss = model.forward(&x).cross_entropy(&y);
            loss.backward();
            optimizer.step();
            loss.detach()
        }
    }
}
