//! The sweep as an SVG: one panel an axis, both scales logarithmic, one line a framework.
//!
//! No background, and colours of middle lightness, so that it reads on light and on dark pages alike.

use super::grid::Axis;
use super::runs::{Median, peers, time, values};
use crate::{Failed, Outcome};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::ops::Range;
use std::path::Path;

const SIZE: (u32, u32) = (920, 720);
const LEGEND: u32 = 36;
const INK: RGBColor = RGBColor(128, 128, 128);
/// By framework, Firebrand's first.
const COLOURS: [RGBColor; 6] = [
    RGBColor(226, 88, 34),
    RGBColor(66, 133, 214),
    RGBColor(46, 155, 110),
    RGBColor(160, 110, 200),
    RGBColor(190, 140, 30),
    RGBColor(200, 90, 140),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// Draws the medians into a file.
pub fn svg(table: &[Median], path: &Path) -> Outcome {
    let mut text = String::new();
    draw(table, &mut text).map_err(|e| Failed(format!("the plot: {e}")))?;
    super::write(path, &text)
}

fn draw(table: &[Median], text: &mut String) -> Drawn {
    let root = SVGBackend::with_string(text, SIZE).into_drawing_area();
    let (top, panels) = root.split_vertically(LEGEND);
    legend(&top, &peers(table))?;
    for (area, axis) in panels.split_evenly((2, 2)).iter().zip(Axis::ALL) {
        panel(area, table, axis)?;
    }
    root.present()?;
    Ok(())
}

/// A logarithmic scale from the first of its marks to the last, and a little further.
struct Log {
    marks: Vec<f64>,
    range: Range<f64>,
}

impl Log {
    fn new(marks: Vec<f64>, margin: f64) -> Log {
        let range = marks[0] / margin..marks[marks.len() - 1] * margin;
        Log { marks, range }
    }
}

impl Ranged for Log {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value / self.range.start).ln() / (self.range.end / self.range.start).ln();
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// 1, 2, 5, 10, 20, … or, over a wide range, powers of ten alone: from the last below `low` to the first above
/// `high`.
fn steps(low: f64, high: f64) -> Vec<f64> {
    let leading: &[i32] = if high / low > 300.0 { &[1] } else { &[1, 2, 5] };
    let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let all: Vec<f64> =
        powers.flat_map(|p| leading.iter().map(move |&d| f64::from(d) * 10f64.powi(p))).collect();
    let first = all.iter().rposition(|&v| v <= low).unwrap_or(0);
    let last = all.iter().position(|&v| v >= high).unwrap_or(all.len() - 1);
    all[first..=last].to_vec()
}

fn line(index: usize) -> ShapeStyle {
    let width = if index == 0 { 3 } else { 2 };
    COLOURS[index % COLOURS.len()].stroke_width(width)
}

fn legend(area: &Area, names: &[&str]) -> Drawn {
    let width = SIZE.0 as i32 / names.len().max(1) as i32;
    let style = ("sans-serif", 15).into_font().color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
    for (index, name) in names.iter().enumerate() {
        let x = 30 + index as i32 * width.min(220);
        let y = LEGEND as i32 / 2;
        area.draw(&PathElement::new([(x, y), (x + 26, y)], line(index)))?;
        area.draw(&Circle::new((x + 13, y), 4, line(index).filled()))?;
        area.draw(&Text::new(name.to_string(), (x + 34, y), style.clone()))?;
    }
    Ok(())
}

fn panel(area: &Area, table: &[Median], axis: Axis) -> Drawn {
    let values = values(table, axis);
    let here = || table.iter().filter(|m| m.run.axis == axis).map(|m| m.run.ms);
    if values.is_empty() {
        return Ok(());
    }
    let (low, high) = (here().fold(f64::INFINITY, f64::min), here().fold(0.0, f64::max));
    let label = |size| ("sans-serif", size).into_font().color(&INK);
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .caption(format!("{}: {}", axis.name(), axis.setting()), label(15))
        .x_label_area_size(34)
        .y_label_area_size(58)
        .build_cartesian_2d(
            Log::new(values.iter().map(|&v| v as f64).collect(), 1.1),
            Log::new(steps(low, high), 1.0),
        )?;
    chart
        .configure_mesh()
        .axis_style(INK)
        .bold_line_style(INK.mix(0.35))
        .light_line_style(TRANSPARENT)
        .label_style(label(13))
        .axis_desc_style(label(13))
        .x_desc(axis.name())
        .y_desc("ms a step")
        .x_label_formatter(&|x| format!("{x}"))
        .y_label_formatter(&|ms| format!("{:.*}", (-ms.log10().floor()).max(0.0) as usize, ms))
        .draw()?;
    for (index, peer) in peers(table).into_iter().enumerate().rev() {
        let points: Vec<(f64, f64)> =
            values.iter().filter_map(|&v| Some((v as f64, time(table, peer, axis, v)?))).collect();
        chart.draw_series(LineSeries::new(points.iter().copied(), line(index)))?;
        chart.draw_series(points.iter().map(|&at| Circle::new(at, 3, line(index).filled())))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_surround_the_data() {
        assert_eq!(steps(0.3, 3.0), [0.2, 0.5, 1.0, 2.0, 5.0]);
        assert_eq!(steps(2.0, 2000.0), [1.0, 10.0, 100.0, 1000.0, 10000.0]);
        let scale = Log::new(vec![1.0, 10.0, 100.0], 1.0);
        assert_eq!([1.0, 10.0, 100.0].map(|v| scale.map(&v, (0, 100))), [0, 50, 100]);
    }
}
