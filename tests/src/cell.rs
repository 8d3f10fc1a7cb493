//! All outputs of one cell.

use crate::{picture, text};
use base64::Engine;
use serde_json::Value;
use std::collections::BTreeSet;

/// What differs between a cell's expected outputs and those found, as a notebook stores them
/// (JSON); `None` where they agree.
///
/// What a cell prints on standard error is not compared: it holds progress and timings.
pub fn difference(expected: &[Value], found: &[Value]) -> Option<String> {
    let (expected, found) = (compared(expected), compared(found));
    if expected.len() != found.len() {
        return Some(format!(
            "expected {} outputs, found {}",
            expected.len(),
            found.len()
        ));
    }
    expected
        .iter()
        .zip(&found)
        .find_map(|(expected, found)| output_difference(expected, found))
}

/// The outputs without standard error. What was printed before and after something there is one
/// text: the two streams are read side by side, so where one interrupts the other is chance.
fn compared(outputs: &[Value]) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for output in outputs.iter().filter(|output| output["name"] != "stderr") {
        match kept.last_mut() {
            Some(last) if last["name"] == "stdout" && output["name"] == "stdout" => {
                let text = joined(&last["text"]) + &joined(&output["text"]);
                last["text"] = Value::String(text);
            }
            _ => kept.push(output.clone()),
        }
    }
    kept
}

fn output_difference(expected: &Value, found: &Value) -> Option<String> {
    if expected["output_type"] != found["output_type"] {
        return Some(format!(
            "expected an output of type {}, found {}",
            expected["output_type"], found["output_type"]
        ));
    }
    if let Some(difference) = text::difference(&joined(&expected["text"]), &joined(&found["text"]))
    {
        return Some(format!("printed text, {difference}"));
    }
    let empty = serde_json::Map::new();
    let expected = expected["data"].as_object().unwrap_or(&empty);
    let found = found["data"].as_object().unwrap_or(&empty);
    // A map keeps an order or sorts, as the features of serde_json are.
    let [expected_types, found_types] =
        [expected, found].map(|content| content.keys().collect::<BTreeSet<_>>());
    if expected_types != found_types {
        return Some(format!(
            "expected content of types {expected_types:?}, found {found_types:?}"
        ));
    }
    expected.iter().find_map(|(mime, expected)| {
        let found = &found[mime];
        let difference = if mime == "image/png" {
            picture::difference(&decoded(expected), &decoded(found))
        } else if expected.is_object() || expected.is_array() && mime.ends_with("json") {
            text::difference(&format!("{expected:#}"), &format!("{found:#}"))
        } else {
            text::difference(&joined(expected), &joined(found))
        };
        difference.map(|difference| format!("{mime}, {difference}"))
    })
}

/// A notebook stores text as one string or as a list of lines.
fn joined(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

fn decoded(value: &Value) -> Vec<u8> {
    let base64: String = joined(value).split_whitespace().collect();
    // What is no base64 is no picture either: the comparison says so.
    base64::engine::general_purpose::STANDARD
        .decode(base64)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_say_where_they_are() {
        let printed = |text: &str| json!({"output_type": "stream", "name": "stdout", "text": text});
        assert_eq!(
            difference(&[printed("a 0.5000")], &[printed("a 0.5001")]),
            None
        );
        let difference_found = difference(&[printed("a")], &[printed("b")]);
        assert!(difference_found.is_some_and(|text| text.contains("expected `a`, found `b`")));
        let noise = json!({"output_type": "stream", "name": "stderr", "text": "3 s"});
        assert_eq!(
            difference(&[printed("a")], &[noise.clone(), printed("a")]),
            None
        );
        let interrupted = [printed("a\n"), noise, printed("b\n")];
        assert_eq!(difference(&[printed("a\nb\n")], &interrupted), None);
        let same_twice = [printed("a\n"), printed("c\n")];
        assert!(difference(&[printed("a\nb\n")], &same_twice).is_some());
        let shown = |mime: &str| json!({"output_type": "execute_result", "data": {mime: "x"}});
        assert!(difference(&[shown("text/plain")], &[shown("text/html")]).is_some());
        let both = |data: Value| json!({"output_type": "execute_result", "data": data});
        let one = both(json!({"text/plain": "x", "text/html": "y"}));
        let other = both(json!({"text/html": "y", "text/plain": "x"}));
        assert_eq!(difference(&[one], &[other]), None);
    }
}
