//! A cell's outcome as a notebook stores it.

use crate::kernel::{CellOutcome, Line};
use crate::{Error, Result};
use nbformat::v4::Output;
use serde_json::{Map, Value, json};

/// The streams and the rich content of a cell.
pub(super) fn shown(outcome: &CellOutcome, execution_count: usize) -> Result<Vec<Output>> {
    let mut outputs = Vec::new();
    // Neighbouring lines of one stream are one output, as Jupyter writes them.
    let mut lines = outcome.lines.iter().peekable();
    while let Some(line) = lines.next() {
        let (name, first) = parts(line);
        let mut text = format!("{first}\n");
        while let Some(next) = lines.next_if(|next| parts(next).0 == name) {
            text.push_str(parts(next).1);
            text.push('\n');
        }
        let is_message_of_failure = name == "stderr" && outcome.failure.is_some();
        if !is_message_of_failure {
            outputs.push(json!({"output_type": "stream", "name": name, "text": text}));
        }
    }
    if !outcome.content.is_empty() {
        let data: Map<String, Value> = outcome
            .content
            .iter()
            .map(|(mime, content)| (mime.clone(), as_notebook_data(mime, content)))
            .collect();
        outputs.push(json!({
            "output_type": "execute_result",
            "execution_count": execution_count,
            "data": data,
            "metadata": {},
        }));
    }
    outputs.into_iter().map(output).collect()
}

/// The error output of a cell that did not run to its end.
pub(super) fn failed(problem: &str) -> Result<Output> {
    let first = problem.lines().next().unwrap_or_default();
    output(json!({
        "output_type": "error",
        "ename": "Error",
        "evalue": first,
        "traceback": problem.lines().collect::<Vec<_>>(),
    }))
}

fn parts(line: &Line) -> (&'static str, &str) {
    match line {
        Line::Out(text) => ("stdout", text),
        Line::Err(text) => ("stderr", text),
    }
}

fn as_notebook_data(mime: &str, content: &str) -> Value {
    if mime.ends_with("json")
        && let Ok(value) = serde_json::from_str(content)
    {
        return value;
    }
    Value::String(content.to_owned())
}

fn output(value: Value) -> Result<Output> {
    serde_json::from_value(value)
        .map_err(|error| Error::Kernel(format!("an output that no notebook can hold: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_joined_and_json_stays_json() -> Result<()> {
        let outcome = CellOutcome {
            lines: vec![
                Line::Out("a".into()),
                Line::Out("b".into()),
                Line::Err("c".into()),
            ],
            content: [(
                "application/vnd.polymicros.figure+json".to_owned(),
                "{\"name\":1}".to_owned(),
            )]
            .into(),
            ..CellOutcome::default()
        };
        let outputs: Vec<Value> = shown(&outcome, 3)?
            .iter()
            .map(|output| serde_json::to_value(output).unwrap_or_default())
            .collect();
        assert_eq!(outputs[0]["text"], json!(["a\n", "b\n"]));
        assert_eq!(outputs[1]["name"], "stderr");
        assert_eq!(
            outputs[2]["data"]["application/vnd.polymicros.figure+json"]["name"],
            1
        );
        Ok(())
    }
}
