//! Counting: histograms, different elements, and where elements differ from zero.

use crate::tensor::Tensor;
use std::cmp::Ordering;
use tensor_core::{DType, Shape, check, sorted_places};

impl Tensor {
    /// How many elements fall into each of `bins` equal intervals of [`min`, `max`], both ends included;
    /// equal ends stand for the elements' own extremes.
    #[track_caller]
    pub fn histc(&self, bins: usize, min: f64, max: f64) -> Tensor {
        check::float("histc", self.dtype());
        if bins == 0 || min > max {
            check::fail(
                "histc",
                format_args!("{bins} bins over [{min}, {max}]"),
                "give at least one, and min ≤ max",
            );
        }
        let x = self.detach().flatten(0, -1);
        let (mut low, mut high) = (min, max);
        if low == high && x.numel() > 0 {
            (low, high) = (x.min().item(), x.max().item());
        }
        if low == high {
            (low, high) = (low - 1.0, high + 1.0);
        }
        if !low.is_finite() || !high.is_finite() {
            check::fail("histc", format_args!("the range [{low}, {high}] is not finite"), "give a range");
        }
        let inside = x.ge(low).logical_and(&x.le(high));
        let place = ((&x - low) * bins as f64 / (high - low)).trunc().clamp(0.0, bins as f64 - 1.0);
        let place = inside.where_(place, 0.0).to_dtype(DType::I32);
        let zeros = Tensor::zeros(bins, (self.dtype(), self.device()));
        zeros.scatter_add(0, &place, &inside.to_dtype(self.dtype()))
    }

    /// How many elements (or what sum of their `weight`) fall into each of `bins` equal intervals of a range, that of
    /// the elements when none is given, and the intervals' `bins + 1` edges; as a `density`, of which the integral
    /// is 1: `torch.histogram`.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let x = Tensor::new(&[1.0f32, 2.0, 1.0, 4.0], &backend_cpu::device());
    /// let (counts, edges) = x.histogram(3, None, None, false);
    /// assert_eq!(counts.to_vec::<f32>(), [2.0, 1.0, 1.0]);
    /// assert_eq!(edges.to_vec::<f32>(), [1.0, 2.0, 3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// For no bins, a range that is not finite or descends, and weights of another shape.
    #[track_caller]
    pub fn histogram(
        &self,
        bins: usize,
        range: Option<(f64, f64)>,
        weight: Option<&Tensor>,
        density: bool,
    ) -> (Tensor, Tensor) {
        let op = "histogram";
        check::float(op, self.dtype());
        let x = self.detach();
        let own = || if x.numel() == 0 { (0.0, 1.0) } else { (x.min().item(), x.max().item()) };
        let (mut low, mut high) = range.unwrap_or_else(own);
        if bins == 0 || low > high || !low.is_finite() || !high.is_finite() {
            check::fail(
                op,
                format_args!("{bins} bins over [{low}, {high}]"),
                "give at least one, and a finite range",
            );
        }
        if low == high {
            (low, high) = (low - 0.5, high + 0.5);
        }
        let step = (high - low) / bins as f64;
        let edge = |i: usize| {
            if i <= bins / 2 { low + step * i as f64 } else { high - step * (bins - i) as f64 }
        };
        let edges = self.numbers(op, (0..=bins).map(edge).collect(), bins + 1);
        (self.histogram_of(&edges, weight, density), edges)
    }

    /// As [`Tensor::histogram`], in intervals between ascending edges, `[bins + 1] → [bins]`.
    ///
    /// # Panics
    /// For fewer than two edges, and weights of another shape.
    #[track_caller]
    pub fn histogram_of(&self, edges: &Tensor, weight: Option<&Tensor>, density: bool) -> Tensor {
        let op = "histogram";
        let (x, edges) = (self.detach().flatten(0, -1), edges.detach().to_dtype(self.dtype()));
        if edges.rank() != 1 || edges.dim(0) < 2 || weight.is_some_and(|w| w.shape() != self.shape()) {
            check::fail(
                op,
                format_args!("edges of shape {} for an input of shape {}", edges.shape(), self.shape()),
                "give [bins + 1] edges, and weights of the input's shape",
            );
        }
        let bins = edges.dim(0) - 1;
        let inside = x.ge(edges.select(0, 0)).logical_and(&x.le(edges.select(0, -1)));
        let place = (edges.searchsorted(&x, true) - 1).minimum(bins - 1);
        let each = weight.map_or_else(|| x.ones_like(), |w| w.detach().flatten(0, -1).to_dtype(self.dtype()));
        let zeros = Tensor::zeros(bins, (self.dtype(), self.device()));
        let counts = zeros.scatter_add(0, &inside.where_(place, 0), &inside.where_(each, 0.0));
        if !density {
            return counts;
        }
        let widths = edges.narrow(0, 1, bins) - edges.narrow(0, 0, bins);
        &counts / (counts.sum() * widths)
    }

    /// How often each whole number from 0 occurs, or the sum of its `weights`; at least `minlength` places.
    #[track_caller]
    pub fn bincount(&self, weights: Option<&Tensor>, minlength: usize) -> Tensor {
        check::index_type("bincount", self.dtype());
        if self.rank() != 1 {
            check::fail(
                "bincount",
                format_args!("needs one dimension, shape is {}", self.shape()),
                "use .flatten(0, -1)",
            );
        }
        let largest = if self.numel() == 0 { -1 } else { self.max().item::<i64>() };
        if self.numel() > 0 && self.min().item::<i64>() < 0 {
            check::fail("bincount", "a negative number has no place", "count from 0");
        }
        let size = minlength.max((largest + 1) as usize);
        let ones = Tensor::ones(self.numel(), (DType::I32, self.device()));
        let weights = weights.map_or(ones, Tensor::detach);
        if weights.shape() != self.shape() {
            check::fail(
                "bincount",
                format_args!("weights of shape {} for {}", weights.shape(), self.shape()),
                "",
            );
        }
        Tensor::zeros(size, (weights.dtype(), self.device())).scatter_add(0, self, &weights)
    }

    /// The different elements, sorted.
    #[track_caller]
    pub fn unique(&self) -> Tensor {
        self.unique_all().0
    }

    /// The different elements, sorted; where each element of this is among them, of its shape; and how
    /// often each occurs: `torch.unique(x, return_inverse=True, return_counts=True)`.
    #[track_caller]
    pub fn unique_all(&self) -> (Tensor, Tensor, Tensor) {
        let (sorted, from) = self.detach().flatten(0, -1).sort(0, false);
        let (values, which, counts) = sorted.unique_consecutive();
        // Back from sorted to original places.
        let zeros = Tensor::zeros(self.numel(), (DType::I32, self.device()));
        let inverse = if self.numel() == 0 { zeros } else { zeros.scatter_add(0, &from, &which) };
        (values, inverse.reshape_to(self.shape()), counts)
    }

    /// Each run of equal elements once, in order; the run that each element is in; and the runs' lengths.
    #[track_caller]
    pub fn unique_consecutive(&self) -> (Tensor, Tensor, Tensor) {
        let x = self.detach().flatten(0, -1);
        let size = x.numel();
        if size == 0 {
            let none = Tensor::zeros(0, (DType::I32, self.device()));
            return (x, none.reshape_to(self.shape()), none);
        }
        let first = Tensor::full(1, true, (DType::Bool, self.device()));
        let starts = crate::cat(&[first, x.narrow(0, 1, size - 1).ne(x.narrow(0, 0, size - 1))], 0);
        let places = starts.nonzero().flatten(0, -1);
        let end = Tensor::full(1, size, (DType::I32, self.device()));
        let next = crate::cat(&[places.narrow(0, 1, places.numel() - 1), end], 0);
        let which = starts.cumsum(0) - 1;
        (x.index_select(0, &places), which.reshape_to(self.shape()), next - places)
    }

    /// The different slices along a dimension, sorted element by element; where each slice is among them;
    /// and how often each occurs. Without `sorted`, only neighbours count as equal, as in
    /// [`Tensor::unique_consecutive`]. Compared on the host.
    #[track_caller]
    pub fn unique_dim(&self, dim: isize, sorted: bool) -> (Tensor, Tensor, Tensor) {
        let (axis, size) = self.sized_axis("unique", dim);
        let x = self.detach();
        let rows = x.movedim(axis as isize, 0).contiguous().to_vec::<f64>();
        let width = rows.len() / size.max(1);
        let row = |i: usize| &rows[i * width..][..width];
        let ascending = |a, b| row(a).partial_cmp(row(b)).unwrap_or(Ordering::Equal);
        let order = sorted_places(size, &|a, b| if sorted { ascending(a, b) } else { Ordering::Equal });
        let (mut first, mut counts, mut inverse) = (Vec::new(), Vec::<i32>::new(), vec![0i32; size]);
        for (k, &i) in order.iter().enumerate() {
            if k == 0 || row(order[k - 1]) != row(i) {
                first.push(i as i32);
                counts.push(0);
            }
            let place = counts.len() - 1;
            counts[place] += 1;
            inverse[i] = place as i32;
        }
        let list = |v: &[i32]| Tensor::from_slice(v, v.len(), self.device());
        (x.index_select(axis as isize, &list(&first)), list(&inverse), list(&counts))
    }

    /// The coordinates of all elements that differ from zero, row-major: `[count, rank]`.
    #[track_caller]
    pub fn nonzero(&self) -> Tensor {
        let places = crate::slicing::true_places(&self.detach().to_dtype(DType::Bool));
        let count =
            places.first().map_or_else(|| usize::from(self.rank() == 0 && self.item::<bool>()), Vec::len);
        let rows = (0..count).flat_map(|k| places.iter().map(move |column| column[k]));
        Tensor::from_vec(rows.collect::<Vec<i32>>(), Shape::new(&[count, self.rank()]), self.device())
    }

    /// As [`Tensor::nonzero`], one index per dimension: `torch.nonzero(x, as_tuple=True)`, fit for indexing.
    #[track_caller]
    pub fn nonzero_tuple(&self) -> Vec<Tensor> {
        let x = if self.rank() == 0 { self.unsqueeze(0) } else { self.clone() };
        x.nonzero().unbind(1).iter().map(Tensor::contiguous).collect()
    }
}
