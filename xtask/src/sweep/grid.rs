//! The points: which networks are trained, and how many steps of each.

/// What varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Units of both hidden layers.
    Width,
    /// Images a step.
    Batch,
    /// Hidden layers of 128 units.
    Depth,
    /// Threads.
    Threads,
}

impl Axis {
    pub const ALL: [Axis; 4] = [Axis::Width, Axis::Batch, Axis::Depth, Axis::Threads];

    pub fn name(self) -> &'static str {
        match self {
            Axis::Width => "width",
            Axis::Batch => "batch",
            Axis::Depth => "depth",
            Axis::Threads => "threads",
        }
    }

    /// What stays the same along the axis.
    pub fn setting(self) -> &'static str {
        match self {
            Axis::Width => "two hidden layers, batch 128, Adam",
            Axis::Batch => "hidden 128, 64, SGD with momentum",
            Axis::Depth => "hidden layers of 128, batch 64, SGD with momentum",
            Axis::Threads => "hidden 512, 512, batch 128, Adam",
        }
    }

    fn values(self, cores: usize) -> Vec<usize> {
        match self {
            Axis::Width => vec![64, 128, 256, 512, 1024, 2048, 4096],
            Axis::Batch => vec![1, 4, 16, 64, 256, 1024, 4096],
            Axis::Depth => vec![2, 4, 8, 16, 32, 64],
            Axis::Threads if cores <= 4 => (1..=cores).collect(),
            // Doubling, and all of them.
            Axis::Threads => {
                let mut counts: Vec<usize> = (0..).map(|i| 1 << i).take_while(|&n| n < cores).collect();
                counts.push(cores);
                counts
            }
        }
    }
}

/// A network, how it is trained, and where that stands on its axis.
pub struct Point {
    pub axis: Axis,
    pub value: usize,
    pub threads: usize,
    hidden: Vec<usize>,
    batch: usize,
    adam: bool,
}

/// The images of MNIST's training set.
const IMAGES: usize = 60_000;

impl Point {
    fn new(axis: Axis, value: usize, cores: usize) -> Point {
        let point = |hidden, batch, adam| Point { axis, value, threads: cores, hidden, batch, adam };
        match axis {
            Axis::Width => point(vec![value; 2], 128, true),
            Axis::Batch => point(vec![128, 64], value, false),
            Axis::Depth => point(vec![128; value], 64, false),
            Axis::Threads => Point { threads: value, ..point(vec![512; 2], 128, true) },
        }
    }

    /// Floating point operations of a step, near enough: two a weight and image, forward and twice backward.
    fn work(&self) -> usize {
        let sizes: Vec<usize> = [784].into_iter().chain(self.hidden.clone()).chain([10]).collect();
        6 * self.batch * sizes.windows(2).map(|pair| pair[0] * pair[1]).sum::<usize>()
    }

    /// The mnist example's arguments, which every program measured beside it understands. An epoch has as many
    /// steps as give about a tenth of a second, within what the data allows.
    pub fn arguments(&self) -> Vec<String> {
        let steps = (20_000_000_000 / self.work()).clamp(3, 2000).min(IMAGES / self.batch);
        let epochs = if steps > 6 { 3 } else { 2 };
        let hidden: Vec<String> = self.hidden.iter().map(usize::to_string).collect();
        let (opt, lr) = if self.adam { ("adam", "0.001") } else { ("sgd", "0.003") };
        let pairs = [
            ("--hidden", hidden.join(",")),
            ("--batch", self.batch.to_string()),
            ("--opt", opt.into()),
            ("--lr", lr.into()),
            ("--steps", steps.to_string()),
            ("--epochs", epochs.to_string()),
        ];
        pairs.into_iter().flat_map(|(name, value)| [name.to_string(), value]).collect()
    }
}

/// All points for a machine of so many cores; two an axis when it must be quick.
pub fn points(cores: usize, quick: bool) -> Vec<Point> {
    let of = |axis: Axis| {
        let mut values = axis.values(cores);
        if quick {
            values.truncate(2);
        }
        values.into_iter().map(move |value| Point::new(axis, value, cores)).collect::<Vec<_>>()
    };
    Axis::ALL.into_iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_points_say_what_they_train() {
        let points = points(2, false);
        let typed = |axis, value| {
            let point = points.iter().find(|p| p.axis == axis && p.value == value).expect("a point");
            (point.threads, point.arguments().join(" "))
        };
        let (threads, text) = typed(Axis::Threads, 1);
        assert_eq!(threads, 1);
        // 20·10⁹ of 6·128·(784·512 + 512·512 + 512·10) operations each.
        assert_eq!(text, "--hidden 512,512 --batch 128 --opt adam --lr 0.001 --steps 38 --epochs 3");
        let (threads, text) = typed(Axis::Batch, 4096);
        assert_eq!(threads, 2);
        assert_eq!(text, "--hidden 128,64 --batch 4096 --opt sgd --lr 0.003 --steps 7 --epochs 3");
        assert!(typed(Axis::Depth, 4).1.starts_with("--hidden 128,128,128,128 --batch 64 "));
        assert_eq!(Axis::Threads.values(12), [1, 2, 4, 8, 12]);
    }
}
