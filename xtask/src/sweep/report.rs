//! The sweep as text: a section of the document that is replaced whenever the sweep is run.

use super::grid::Axis;
use super::runs::{Median, peers, text, time, values};
use crate::Outcome;
use std::fmt::Write;
use std::path::Path;

const BEGIN: &str = "<!-- sweep: written by `cargo xtask sweep`, not by hand -->\n";
const END: &str = "<!-- sweep: end -->\n";
/// Slower than the best peer by more than this share counts as behind.
const BEHIND: f64 = 1.1;

/// A point: Firebrand's time there, and the best peer's name and time.
struct Against<'a> {
    axis: Axis,
    value: usize,
    ours: f64,
    peer: &'a str,
    best: f64,
}

fn against(table: &[Median]) -> Vec<Against<'_>> {
    let names = peers(table);
    let (ours, others): (Vec<&str>, Vec<&str>) = names.iter().partition(|n| n.starts_with("firebrand"));
    let point = |axis: Axis, value: usize| {
        let mine = ours.iter().find_map(|peer| time(table, peer, axis, value))?;
        let times = others.iter().filter_map(|&peer| Some((peer, time(table, peer, axis, value)?)));
        let (peer, best) = times.min_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(Against { axis, value, ours: mine, peer, best })
    };
    let of = |axis: Axis| values(table, axis).into_iter().filter_map(move |value| point(axis, value));
    Axis::ALL.into_iter().flat_map(of).collect()
}

/// Every place where Firebrand is behind, as a table.
pub fn behind(table: &[Median]) -> String {
    let points = against(table);
    if points.is_empty() {
        return "No peer was measured.\n".into();
    }
    let slower: Vec<&Against> = points.iter().filter(|p| p.ours > BEHIND * p.best).collect();
    if slower.is_empty() {
        return format!(
            "At none of the {} points is Firebrand slower than the best peer by more than 10 %.\n",
            points.len()
        );
    }
    let mut out = format!(
        "Slower than the best peer by more than 10 % ({} of {} points):\n\n",
        slower.len(),
        points.len()
    );
    out += "| where | Firebrand, ms | best peer, ms | | ratio |\n|---|--:|--:|---|--:|\n";
    for p in slower {
        let (axis, ratio) = (p.axis.name(), p.ours / p.best);
        let (ours, best) = (digits(p.ours), digits(p.best));
        let _ = writeln!(out, "| {axis} {} | {ours} | {best} | {} | {ratio:.2} |", p.value, p.peer);
    }
    out
}

/// Milliseconds in three digits that matter.
fn digits(ms: f64) -> String {
    let after = (2 - ms.abs().log10().floor() as i32).clamp(0, 4) as usize;
    format!("{ms:.after$}")
}

/// The whole section.
pub fn section(table: &[Median], machine: &str) -> String {
    let names = peers(table);
    let points = against(table);
    let runs = table.iter().map(|m| m.runs).min().unwrap_or(0);
    let mut out = format!(
        "{BEGIN}\n## Against width, batch, depth and threads\n\n\
         ![Time of a training step against width, batch, depth and threads](performance/sweep.svg)\n\n\
         {machine}. Milliseconds a training step: the best epoch of each run, the median of at least {runs}; \
         [the data](performance/sweep.json). The last column divides by the best peer.\n"
    );
    for axis in Axis::ALL {
        let values = values(table, axis);
        if values.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n| {} ({}) | {} | ratio |", axis.name(), axis.setting(), names.join(" | "));
        let _ = writeln!(out, "|--:|{}--:|", "--:|".repeat(names.len()));
        for value in values {
            let cell = |peer: &&str| time(table, peer, axis, value).map_or("–".into(), digits);
            let cells: Vec<String> = names.iter().map(cell).collect();
            let at = points.iter().find(|p| p.axis == axis && p.value == value);
            let ratio = at.map_or("–".into(), |p| format!("{:.2}", p.ours / p.best));
            let _ = writeln!(out, "| {value} | {} | {ratio} |", cells.join(" | "));
        }
    }
    let _ = write!(out, "\n{}\n{END}", behind(table));
    out
}

/// Puts the section in the place of the earlier one, or at the end.
pub fn into_document(path: &Path, section: &str) -> Outcome {
    super::write(path, &replaced(&text(path)?, section))
}

fn replaced(document: &str, section: &str) -> String {
    match (document.find(BEGIN), document.find(END)) {
        (Some(begin), Some(end)) if begin < end => {
            [&document[..begin], section, &document[end + END.len()..]].concat()
        }
        _ => [document, "\n", section].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::runs::{Run, medians};
    use super::*;

    #[test]
    fn places_behind_are_named_and_the_section_is_replaced() {
        let run = |peer: &str, value, ms| Run { peer: peer.into(), axis: Axis::Depth, value, ms };
        let table = medians(&[
            run("firebrand 0.1.0", 2, 1.0),
            run("jax", 2, 0.95),
            run("torch", 2, 2.0),
            run("firebrand 0.1.0", 4, 2.0),
            run("jax", 4, 5.0),
            run("torch", 4, 1.6),
        ]);
        let text = behind(&table);
        assert!(text.contains("(1 of 2 points)"), "{text}");
        assert!(text.contains("| depth 4 | 2.00 | 1.60 | torch | 1.25 |"), "{text}");
        assert!(!text.contains("depth 2"), "5 % is within the margin: {text}");

        let first = replaced("# Title\n", &section(&table, "a machine"));
        assert!(first.contains("| 4 | 2.00 | 5.00 | 1.60 | 1.25 |"), "{first}");
        let longer = format!("{first}\n## More\n");
        let again = replaced(&longer, &section(&table, "another machine"));
        assert_eq!(again, longer.replace("a machine", "another machine"));
    }

    #[test]
    fn three_digits() {
        assert_eq!(
            [0.01234, 0.1234, 1.234, 12.34, 123.4, 1234.0].map(digits).join(" "),
            "0.0123 0.123 1.23 12.3 123 1234"
        );
    }
}
