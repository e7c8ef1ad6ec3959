//! Every value of a plan as one flat list, read off the file's own tree: so nothing that is written can be missed.

use std::collections::BTreeMap;

use blackstart_record::plan::{Origin, Sourced};
use toml::de::{DeTable, DeValue};

use super::sourced::{ORIGINS, VALUE};

/// Shown apart, each with its places.
const FINDINGS: &str = "findings";

/// Path to value, with origin. `text` has been parsed and checked before.
pub(super) fn list(text: &str) -> BTreeMap<String, Sourced<String>> {
    let mut values = BTreeMap::new();
    let (table, _) = DeTable::parse_recoverable(text);
    for (key, value) in table.get_ref() {
        if key.get_ref() != FINDINGS {
            walk(key.get_ref(), value.get_ref(), &mut values);
        }
    }
    values
}

fn walk(path: &str, value: &DeValue<'_>, values: &mut BTreeMap<String, Sourced<String>>) {
    let DeValue::Table(table) = value else {
        values.insert(path.to_owned(), Sourced { value: shown(value), origin: Origin::Stated });
        return;
    };
    let origin = ORIGINS.iter().find_map(|name| table.get(*name).and_then(|origin| origin_of(name, origin.get_ref())));
    match (table.get(VALUE), origin) {
        (Some(value), Some(origin)) => {
            values.insert(path.to_owned(), Sourced { value: shown(value.get_ref()), origin });
        }
        _ => {
            for (key, value) in table {
                walk(&format!("{path}.{}", key.get_ref()), value.get_ref(), values);
            }
        }
    }
}

fn origin_of(name: &str, origin: &DeValue<'_>) -> Option<Origin> {
    match (name, origin) {
        ("from", DeValue::Table(place)) => {
            let section = place.get("section")?.get_ref().as_str()?.to_owned();
            let line = place.get("line")?.get_ref().as_integer()?;
            let line = u32::from_str_radix(line.as_str(), line.radix()).ok()?;
            Some(Origin::From { section, line })
        }
        ("assumed", DeValue::String(why)) => Some(Origin::Assumed(why.to_string())),
        ("substitutes", DeValue::String(what)) => Some(Origin::Substitutes(what.to_string())),
        _ => None,
    }
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(when) => when.to_string(),
        DeValue::Array(items) => items.iter().map(|item| shown(item.get_ref())).collect::<Vec<_>>().join(", "),
        DeValue::Table(table) => {
            let entries = table.iter().map(|(key, value)| format!("{} = {}", key.get_ref(), shown(value.get_ref())));
            entries.collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_value_is_listed_with_its_origin() {
        let text = r#"
            title = "T"
            covers = ["a", "b"]
            [x.y]
            rto = { value = "1h", from = { section = "1. S", line = 6 } }
            why = { value = 60, assumed = "silent" }
            method = { barman-cloud = { prefix = "p", timeout = 60 } }
            [[findings]]
            id = "left-out"
        "#;
        let listed: Vec<(String, String, Origin)> =
            list(text).into_iter().map(|(path, said)| (path, said.value, said.origin)).collect();
        let from = Origin::From { section: "1. S".into(), line: 6 };
        let expected = [
            ("covers", "a, b", Origin::Stated),
            ("title", "T", Origin::Stated),
            ("x.y.method.barman-cloud.prefix", "p", Origin::Stated),
            ("x.y.method.barman-cloud.timeout", "60", Origin::Stated),
            ("x.y.rto", "1h", from),
            ("x.y.why", "60", Origin::Assumed("silent".into())),
        ]
        .map(|(path, value, origin)| (path.to_owned(), value.to_owned(), origin));
        assert_eq!(listed, expected);
    }
}
