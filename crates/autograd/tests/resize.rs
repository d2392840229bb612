//! Interpolation, padding and pixel shuffles: known numbers, plain loops, and gradients by differences.

use autograd::{Resize, Tensor, gradcheck, gradgradcheck};

fn wavy(shape: &[usize], phase: f64) -> Tensor {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| ((i as f64 + phase) * 1.618).sin()).collect::<Vec<f64>>();
    Tensor::from_vec(values, shape, &backend_cpu::device())
}

fn line(values: &[f64]) -> Tensor {
    Tensor::from_slice(values, [1, 1, values.len()], &backend_cpu::device())
}

fn smooth(what: &str, f: impl Fn(&[Tensor]) -> Tensor, x: Tensor) {
    let x = x.requires_grad_(true);
    gradcheck(&f, std::slice::from_ref(&x), 1e-7, 1e-6).unwrap_or_else(|e| panic!("{what}: {e}"));
    gradgradcheck(|t| f(t).square(), &[x], 1e-6, 1e-5).unwrap_or_else(|e| panic!("{what}, second: {e}"));
}

/// The element of an image at a place between pixels, by the four around it.
fn between(image: &[f64], (height, width): (usize, usize), y: f64, x: f64) -> f64 {
    let at = |i: f64, j: f64| image[(i as usize).min(height - 1) * width + (j as usize).min(width - 1)];
    let (i, j) = (y.floor(), x.floor());
    let (b, a) = (y - i, x - j);
    at(i, j) * (1.0 - b) * (1.0 - a)
        + at(i, j + 1.0) * (1.0 - b) * a
        + at(i + 1.0, j) * b * (1.0 - a)
        + at(i + 1.0, j + 1.0) * b * a
}

#[test]
fn nearest_and_linear_give_the_numbers_of_the_documentation() {
    // torch.nn.Upsample's examples, on the image [[1, 2], [3, 4]].
    let x = Tensor::from_vec(vec![1.0, 2.0, 3.0, 4.0], [1, 1, 2, 2], &backend_cpu::device());
    let nearest = x.interpolate(&Resize::scale_factor([2.0]));
    let want = [1., 1., 2., 2., 1., 1., 2., 2., 3., 3., 4., 4., 3., 3., 4., 4.];
    assert_eq!(nearest.to_vec::<f64>(), want);
    let bilinear = x.interpolate(&Resize::scale_factor([2.0]).mode("bilinear"));
    let want = [1., 1.25, 1.75, 2., 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3., 3.25, 3.75, 4.];
    assert_eq!(bilinear.to_vec::<f64>(), want);
    let corners = x.interpolate(&Resize::scale_factor([2.0]).mode("bilinear").align_corners(true));
    for (i, v) in corners.to_vec::<f64>().iter().enumerate() {
        let want = 1.0 + (i % 4) as f64 / 3.0 + 2.0 * (i / 4) as f64 / 3.0;
        assert!((v - want).abs() < 1e-12, "element {i}: {v} is not {want}");
    }
}

#[test]
fn any_size_from_any_size() {
    let (height, width) = (5, 4);
    let x = wavy(&[1, 1, height, width], 1.0);
    let image = x.to_vec::<f64>();
    for (h, w) in [(5, 4), (3, 7), (10, 2), (1, 1), (8, 9)] {
        for corners in [false, true] {
            let resize = Resize::size([h, w]).mode("bilinear").align_corners(corners);
            let source = |i: usize, old: usize, new: usize| -> f64 {
                if corners {
                    if new > 1 { i as f64 * (old - 1) as f64 / (new - 1) as f64 } else { 0.0 }
                } else {
                    ((i as f64 + 0.5) * old as f64 / new as f64 - 0.5).max(0.0)
                }
            };
            for (k, v) in x.interpolate(&resize).to_vec::<f64>().iter().enumerate() {
                let (y, x) = (source(k / w, height, h), source(k % w, width, w));
                let want = between(&image, (height, width), y, x);
                assert!((v - want).abs() < 1e-9, "{h}×{w}, element {k}: {v} is not {want}");
            }
            smooth("bilinear", |t| t[0].interpolate(&resize), x.clone());
        }
    }
    let values = |t: Tensor| t.to_vec::<f64>();
    let five = line(&[0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(values(five.interpolate(&Resize::size([3]))), [0.0, 1.0, 3.0]); // ⌊i·5/3⌋
    assert_eq!(values(five.interpolate(&Resize::size([3]).mode("nearest-exact"))), [0.0, 2.0, 4.0]);
    assert_eq!(values(line(&[1.0, 3.0, 5.0, 7.0]).interpolate(&Resize::size([2]).mode("area"))), [2.0, 6.0]);
    smooth("nearest", |t| t[0].interpolate(&Resize::size([4, 6])), wavy(&[2, 1, 3, 3], 0.0));
    smooth(
        "linear",
        |t| t[0].interpolate(&Resize::scale_factor([1.7]).mode("linear")),
        wavy(&[1, 2, 5], 0.0),
    );
    let cube = wavy(&[1, 1, 2, 3, 2], 0.0).requires_grad_(true);
    let large = cube.interpolate(&Resize::size([3, 4, 5]).mode("trilinear"));
    assert_eq!(large.shape().dims(), [1, 1, 3, 4, 5]);
    assert_eq!(large.grad_fn(), Some("UpsampleTrilinear3DBackward0"));
}

#[test]
fn padding_repeats_what_is_there() {
    let x = line(&[1.0, 2.0, 3.0, 4.0]);
    let values = |t: Tensor| t.to_vec::<f64>();
    assert_eq!(values(x.pad_reflect(&[3, 2])), [4., 3., 2., 1., 2., 3., 4., 3., 2.]);
    assert_eq!(values(x.pad_replicate(&[1, 6])), [1., 1., 2., 3., 4., 4., 4., 4., 4., 4., 4.]);
    assert_eq!(values(x.pad_circular(&[2, 3])), [3., 4., 1., 2., 3., 4., 1., 2., 3.]);
    let image = wavy(&[1, 2, 3, 4], 0.0);
    assert_eq!(image.pad_reflect(&[1, 0, 2, 1]).shape().dims(), [1, 2, 6, 5]);
    smooth("reflect", |t| t[0].pad_reflect(&[1, 2, 2, 0]), image.clone());
    smooth("replicate", |t| t[0].pad_replicate(&[1, 2, 2, 0]), image.clone());
    smooth("circular", |t| t[0].pad_circular(&[1, 2, 2, 0]), image);
}

#[test]
#[should_panic(expected = "padding [4, 0] of dimension 2")]
fn reflection_cannot_reach_past_the_other_end() {
    line(&[1.0, 2.0, 3.0, 4.0]).pad_reflect(&[4, 0]);
}

#[test]
fn pixels_shuffle_and_come_back() {
    let x = wavy(&[2, 8, 2, 3], 0.0);
    let (large, v) = (x.pixel_shuffle(2), x.to_vec::<f64>());
    assert_eq!(large.shape().dims(), [2, 2, 4, 6]);
    for (k, got) in large.to_vec::<f64>().iter().enumerate() {
        let (n, c, i, j) = (k / 48, k / 24 % 2, k / 6 % 4, k % 6);
        let channel = c * 4 + i % 2 * 2 + j % 2;
        assert_eq!(*got, v[((n * 8 + channel) * 2 + i / 2) * 3 + j / 2], "element {k}");
    }
    assert_eq!(large.pixel_unshuffle(2).to_vec::<f64>(), v);
    smooth("pixel_shuffle", |t| t[0].pixel_shuffle(2), wavy(&[4, 2, 1], 0.0));
    smooth("pixel_unshuffle", |t| t[0].pixel_unshuffle(2), wavy(&[1, 2, 4], 0.0));
}

#[test]
fn bicubic_keeps_lines_straight_and_has_gradients() {
    let x = Tensor::from_vec((0..36).map(f64::from).collect(), [1, 1, 6, 6], &backend_cpu::device());
    let larger = x.interpolate(&Resize::size([11, 11]).mode("bicubic").align_corners(true));
    // Between the inner pixels a plane stays a plane.
    assert!((larger.to_vec::<f64>()[5 * 11 + 5] - 17.5).abs() < 1e-9);
    for align in [false, true] {
        let to = Resize::size([5, 2]).mode("bicubic").align_corners(align);
        smooth("bicubic", |t| t[0].interpolate(&to), wavy(&[1, 2, 3, 4], 0.2));
    }
}

#[test]
fn a_grid_of_the_pixels_own_places_changes_nothing() {
    let x = wavy(&[2, 3, 4, 5], 0.1);
    let map = Tensor::from_vec([1., 0., 0., 0., 1., 0.].repeat(2), [2, 2, 3], &backend_cpu::device());
    for align in [false, true] {
        let grid = map.affine_grid(&[2, 3, 4, 5], align);
        for mode in ["bilinear", "nearest"] {
            let same = x.grid_sample(&grid, mode, "border", align);
            assert!((same - &x).abs().max().item::<f64>() < 1e-9, "{mode} {align}");
        }
    }
}

/// PyTorch's numbers: results, the sum of the volume's gradient's magnitudes, and a weighted sum of the grid's.
#[test]
fn volumes_are_read_at_places() {
    let values = (0..24).map(|i| (f64::from(i) * 0.7).sin() as f32).collect();
    let x = Tensor::from_vec::<f32>(values, [2, 1, 2, 3, 2], &backend_cpu::device());
    let places = [-0.9f32, 0.1, 0.3, 0.4, -1.3, 0.8, 0.2, 0.6, -0.4, 1.5, 0.0, -0.2].to_vec();
    let grid = Tensor::from_vec(places, [1, 1, 2, 2, 3], &backend_cpu::device());
    let grid = autograd::cat(&[&grid, &(grid.flip(&[2]) * 0.8)], 0);
    type Case = (&'static str, &'static str, bool, [f32; 8], f32, f32);
    #[rustfmt::skip]
    let cases: [Case; 6] = [
        ("bilinear", "zeros", true, [0.012462, -0.566423, 0.348205, 0.393488, -0.326903, -0.139509, 0.382281, 0.443477], 3.9367, 17.34734),
        ("bilinear", "zeros", false, [-0.103708, -0.033998, 0.041714, 0.0, -0.573553, -0.087914, 0.434928, 0.21005], 2.33996, 25.29513),
        ("bilinear", "border", false, [-0.172847, -0.971365, 0.041714, 0.609291, -0.573553, -0.293045, 0.5576, 0.555099], 5.00682, 40.23121),
        ("bilinear", "reflection", true, [0.012462, -0.587381, 0.348205, 0.478179, -0.326903, -0.119159, 0.382281, 0.467756], 3.68289, 8.06288),
        ("nearest", "zeros", false, [-0.631267, 0.0, -0.350783, 0.0, -0.618137, 0.0, 0.990607, 0.0], 3.02996, 0.0),
        ("nearest", "border", true, [-0.631267, -0.982453, -0.350783, 0.863209, -0.879696, -0.879696, 0.990607, 0.66957], 5.0305, 0.0),
    ];
    for (mode, outside, align, want, of_x, of_grid) in cases {
        let (x, grid) = (x.detach().requires_grad_(true), grid.detach().requires_grad_(true));
        let out = x.grid_sample(&grid, mode, outside, align);
        let got = out.to_vec::<f32>();
        let name = format!("{mode} {outside} {align}");
        assert_eq!(out.shape().dims(), [2, 1, 1, 2, 2]);
        assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 3e-6), "{name}: {got:?}");
        let weights = (0..8).map(|i| (i as f32).cos()).collect();
        (&out * Tensor::from_vec::<f32>(weights, *out.shape(), out.device())).sum().backward();
        let magnitudes = x.grad().unwrap().abs().sum().item::<f32>();
        assert!((magnitudes - of_x).abs() < 1e-4, "{name}: {magnitudes}");
        let slopes = grid.grad().map_or(vec![0.0; 24], |g| g.to_vec::<f32>());
        let sum: f32 = slopes.iter().zip(1..).map(|(g, i)| g * i as f32).sum();
        assert!((sum - of_grid).abs() < 1e-3, "{name}: {sum}");
    }
    let x = wavy(&[1, 2, 3, 2, 3], 0.2).requires_grad_(true);
    let grid = (wavy(&[1, 2, 1, 2, 3], 0.3) * 1.3).detach().requires_grad_(true);
    gradcheck(|t| t[0].grid_sample(&t[1], "bilinear", "zeros", false), &[&x, &grid], 1e-7, 1e-6).unwrap();
}

#[test]
fn places_on_a_grid_have_gradients() {
    let grid = (wavy(&[1, 3, 4, 2], 0.3) * 1.7).detach().requires_grad_(true);
    for outside in ["zeros", "border", "reflection"] {
        for align in [false, true] {
            let x = wavy(&[1, 2, 3, 4], 0.2).requires_grad_(true);
            let f = |t: &[Tensor]| t[0].grid_sample(&t[1], "bilinear", outside, align);
            gradcheck(f, &[x.clone(), grid.clone()], 1e-7, 1e-6)
                .unwrap_or_else(|e| panic!("{outside} {align}: {e}"));
            smooth("nearest", |t| t[0].grid_sample(&grid.detach(), "nearest", outside, align), x.detach());
        }
    }
    let theta = wavy(&[2, 2, 3], 0.4).requires_grad_(true);
    gradcheck(|t| t[0].affine_grid(&[2, 1, 3, 2], false), &[theta], 1e-7, 1e-6).unwrap();
    let theta = wavy(&[1, 3, 4], 0.4).requires_grad_(true);
    gradcheck(|t| t[0].affine_grid(&[1, 1, 2, 3, 2], true), &[theta], 1e-7, 1e-6).unwrap();
}

#[test]
fn a_size_that_stays_or_doubles_is_no_interpolation_whatever_the_factor() {
    let x = Tensor::from_vec(vec![1.0, 2.0, 4.0], [1, 1, 3], &backend_cpu::device());
    let resized =
        |factor, mode: &str| x.interpolate(&Resize::scale_factor([factor]).mode(mode)).to_vec::<f64>();
    assert_eq!(resized(1.3, "linear"), [1.0, 2.0, 4.0]);
    // Of the nearest ones, in images alone.
    assert_eq!(resized(1.3, "nearest"), [1.0, 1.0, 2.0]);
    assert_eq!(resized(1.3, "nearest-exact"), [1.0, 2.0, 2.0]);
    let image = x.unsqueeze(2);
    let resized = |factor| image.interpolate(&Resize::scale_factor([1.0, factor])).to_vec::<f64>();
    assert_eq!(resized(1.3), [1.0, 2.0, 4.0]);
    assert_eq!(resized(2.3), [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]);
}
