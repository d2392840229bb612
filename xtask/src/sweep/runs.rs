//! Runs as JSON lines, and their medians.

use super::grid::{Axis, Point};
use crate::Failed;
use serde_json::{Value, json};
use std::path::Path;

/// One run of one framework at one point.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub peer: String,
    pub axis: Axis,
    pub value: usize,
    /// Milliseconds a step, of the best epoch.
    pub ms: f64,
}

impl Run {
    /// Whether it is Firebrand's own.
    pub fn is_ours(&self) -> bool {
        self.peer.starts_with("firebrand")
    }

    /// Reads the mnist example's line for a point.
    pub fn at(point: &Point, line: &str) -> Result<Run, Failed> {
        let read: Value = serde_json::from_str(line).map_err(|e| Failed(format!("{e}: {line}")))?;
        let run = timed(&read).map(|(peer, ms)| Run { peer, axis: point.axis, value: point.value, ms });
        run.ok_or_else(|| Failed(format!("no `peer` and `ms_per_step` in {line}")))
    }

    /// Reads a line that names its point.
    fn parse(line: &str) -> Result<Run, Failed> {
        let read: Value = serde_json::from_str(line).map_err(|e| Failed(format!("{e}: {line}")))?;
        let run = timed(&read).and_then(|(peer, ms)| {
            let axis = Axis::ALL.into_iter().find(|a| read["axis"] == a.name())?;
            let value = read["value"].as_u64()? as usize;
            Some(Run { peer, axis, value, ms })
        });
        run.ok_or_else(|| Failed(format!("not a run with `peer`, `axis`, `value` and `ms_per_step`: {line}")))
    }
}

/// Who ran, and the milliseconds a step, of the best epoch where there are several.
fn timed(read: &Value) -> Option<(String, f64)> {
    let ms = match &read["ms_per_step"] {
        Value::Array(epochs) => epochs.iter().filter_map(Value::as_f64).reduce(f64::min)?,
        number => number.as_f64()?,
    };
    (ms > 0.0).then_some((read["peer"].as_str()?.to_string(), ms))
}

/// A file's text.
pub fn text(path: &Path) -> Result<String, Failed> {
    std::fs::read_to_string(path).map_err(|e| Failed(format!("{}: {e}", path.display())))
}

/// The runs of a file of JSON lines.
pub fn read(path: &Path) -> Result<Vec<Run>, Failed> {
    text(path)?.lines().filter(|line| !line.trim().is_empty()).map(Run::parse).collect()
}

/// A framework's median at one point.
pub struct Median {
    pub run: Run,
    pub runs: usize,
}

/// The medians, by axis and value; at each point Firebrand first, then in the order of the names.
pub fn medians(runs: &[Run]) -> Vec<Median> {
    let mut sorted: Vec<&Run> = runs.iter().collect();
    sorted.sort_by(|a, b| {
        let key = |r: &Run| (r.axis as usize, r.value, !r.is_ours(), r.peer.clone());
        key(a).cmp(&key(b)).then(a.ms.total_cmp(&b.ms))
    });
    let same = |a: &&Run, b: &&Run| (a.axis, a.value, &a.peer) == (b.axis, b.value, &b.peer);
    let median = |group: &[&Run]| {
        let (low, high) = (group[(group.len() - 1) / 2], group[group.len() / 2]);
        Median { run: Run { ms: 0.5 * (low.ms + high.ms), ..low.clone() }, runs: group.len() }
    };
    sorted.chunk_by(same).map(median).collect()
}

/// The frameworks, Firebrand first.
pub fn peers(table: &[Median]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for median in table {
        if !names.contains(&median.run.peer.as_str()) {
            names.push(&median.run.peer);
        }
    }
    names.sort_by_key(|name| (!name.starts_with("firebrand"), *name));
    names
}

/// The time of a framework at a point.
pub fn time(table: &[Median], peer: &str, axis: Axis, value: usize) -> Option<f64> {
    let at = |m: &&Median| m.run.peer == peer && m.run.axis == axis && m.run.value == value;
    table.iter().find(at).map(|m| m.run.ms)
}

/// The values of an axis that were measured, ascending.
pub fn values(table: &[Median], axis: Axis) -> Vec<usize> {
    let mut values: Vec<usize> = table.iter().filter(|m| m.run.axis == axis).map(|m| m.run.value).collect();
    values.dedup();
    values
}

/// The data as it is kept: one line a median.
pub fn json(table: &[Median], machine: &str) -> String {
    let line = |m: &Median| {
        let Run { peer, axis, value, ms } = &m.run;
        let row =
            json!({"peer": peer, "axis": axis.name(), "value": value, "ms_per_step": ms, "runs": m.runs});
        format!("  {row}")
    };
    let rows: Vec<String> = table.iter().map(line).collect();
    format!("{{\"machine\": {}, \"medians\": [\n{}\n]}}\n", json!(machine), rows.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_counts_by_its_best_epoch_and_a_point_by_its_median() {
        let lines = [
            r#"{"peer": "torch", "axis": "width", "value": 64, "ms_per_step": [9.0, 4.0, 5.0], "loss": 1}"#,
            r#"{"peer": "torch", "axis": "width", "value": 64, "ms_per_step": 3.0}"#,
            r#"{"peer": "torch", "axis": "width", "value": 64, "ms_per_step": [7.0]}"#,
            r#"{"peer": "firebrand 0.1.0", "axis": "width", "value": 64, "ms_per_step": [2.0]}"#,
            r#"{"peer": "firebrand 0.1.0", "axis": "width", "value": 64, "ms_per_step": [3.0]}"#,
        ];
        let runs: Vec<Run> = lines.iter().map(|l| Run::parse(l).expect("a run")).collect();
        let table = medians(&runs);
        assert_eq!(peers(&table), ["firebrand 0.1.0", "torch"]);
        assert_eq!(time(&table, "torch", Axis::Width, 64), Some(4.0), "of 3, 4 and 7");
        assert_eq!(time(&table, "firebrand 0.1.0", Axis::Width, 64), Some(2.5), "of 2 and 3");
        assert_eq!(table[0].runs, 2);
        let kept: Value = serde_json::from_str(&json(&table, "a \"machine\"")).expect("JSON");
        assert_eq!(kept["medians"][1]["ms_per_step"], 4.0);
        assert_eq!(kept["machine"], "a \"machine\"");
        for wrong in ["{}", "no JSON", r#"{"peer":"x","axis":"height","value":1,"ms_per_step":1}"#] {
            assert!(Run::parse(wrong).is_err(), "{wrong}");
        }
    }
}
