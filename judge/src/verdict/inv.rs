//! INV: objects, roles, grants and settings are as they were.

use std::collections::BTreeMap;

use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding};
use super::words::{count, list};

/// Inventory of objects, roles, grants, configuration.
pub const CHECKER: Checker = Checker { name: "INV", check };

/// More lines than this help nobody.
const LINES: usize = 50;

/// How an object differs; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Missing,
    Changed,
    Extra,
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Extra => "extra",
        })
    }
}

type Objects = BTreeMap<String, BTreeMap<String, String>>;

fn check(evidence: &Evidence) -> Finding {
    let inventories = evidence.inventories();
    let compared: usize = inventories.iter().flat_map(|inventory| inventory.before.values()).map(BTreeMap::len).sum();
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared as u64, says);
    if inventories.is_empty() {
        return found(Verdict::Inconclusive, "no examination took an inventory".into());
    }
    if compared == 0 {
        return found(Verdict::Inconclusive, "the inventory of the source is empty, so nothing was compared".into());
    }
    let mut totals: BTreeMap<(Word, &str), u64> = BTreeMap::new();
    let mut lines = Vec::new();
    for inventory in inventories {
        compare(&inventory.before, &inventory.after, &mut totals, &mut lines);
    }
    if totals.is_empty() {
        return found(Verdict::Met, format!("all {} are as they were", count(compared as u64, "object")));
    }
    let parts: Vec<String> = totals.iter().map(|((word, kind), number)| format!("{kind} ({number} {word})")).collect();
    lines.sort_by_key(|(word, _)| *word);
    let mut lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    let first = lines.first().map(|line| brief(line)).unwrap_or_default();
    let mut finding = found(Verdict::Missed, format!("not as they were: {}; the first: {first}", list(&parts)));
    finding.cause = Some(cause(&totals, &lines).into());
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    finding.details = lines;
    if more > 0 {
        finding.details.push(format!("and {more} more"));
    }
    finding
}

fn compare<'a>(
    before: &'a Objects,
    after: &'a Objects,
    totals: &mut BTreeMap<(Word, &'a str), u64>,
    lines: &mut Vec<(Word, String)>,
) {
    let none = BTreeMap::new();
    for (kind, expected) in before {
        let restored = after.get(kind).unwrap_or(&none);
        for (name, definition) in expected {
            match restored.get(name) {
                Some(same) if same == definition => {}
                Some(other) => {
                    *totals.entry((Word::Changed, kind)).or_default() += 1;
                    lines.push((Word::Changed, format!("{kind}: {name} is changed: {}", apart(definition, other))));
                }
                None => {
                    *totals.entry((Word::Missing, kind)).or_default() += 1;
                    lines.push((Word::Missing, format!("{kind}: {name} is missing")));
                }
            }
        }
    }
    for (kind, restored) in after {
        let expected = before.get(kind);
        for name in restored.keys().filter(|name| expected.is_none_or(|expected| !expected.contains_key(*name))) {
            *totals.entry((Word::Extra, kind)).or_default() += 1;
            lines.push((Word::Extra, format!("{kind}: {name} was not there before")));
        }
    }
}

/// Both definitions where they differ, with a word or two around it.
fn apart(was: &str, is: &str) -> String {
    const AROUND: usize = 2;
    let words = |text: &'_ str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (raw, was, is) = ((was, is), words(was), words(is));
    if was == is {
        return format!("was {:?}, is {:?}", raw.0, raw.1);
    }
    let head = was.iter().zip(&is).take_while(|(a, b)| a == b).count();
    let rest = was.len().min(is.len()) - head;
    let tail = was.iter().rev().zip(is.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (from, cut) = (head.saturating_sub(AROUND), tail.saturating_sub(AROUND));
    let shown = |words: &[String]| {
        let [before, after] = [from > 0, cut > 0].map(|is_cut| if is_cut { "..." } else { "" });
        let middle = words[from..words.len() - cut].join(" ");
        [before, &middle, after].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    format!("was {:?}, is {:?}", shown(&was), shown(&is))
}

/// A line without the definitions, which can be long.
fn brief(line: &str) -> String {
    line.split_once(": was ").map_or(line, |(head, _)| head).to_owned()
}

fn cause(totals: &BTreeMap<(Word, &str), u64>, lines: &[String]) -> &'static str {
    let any = |word, part: &str| totals.keys().any(|(w, kind)| *w == word && kind.contains(part));
    let says = |part: &str| lines.iter().any(|line| line.contains(part));
    let of_bucket = |(_, kind): &(Word, &str)| *kind == "bucket";
    if totals.keys().all(of_bucket) {
        "versioning, lock and lifecycle are settings of a bucket, which no copy of its objects holds: a bucket that was made \
         anew does not have them"
    } else if totals.keys().all(|(_, kind)| matches!(*kind, "server settings" | "who may log in")) {
        "the configuration of a server is in no dump of its databases: the restored one has that of another server, or what \
         was set to restore faster was left so"
    } else if says("(none can be read: ") {
        "the server's own catalogs are damaged: the copy of its files lacks one, or is not of one moment"
    } else if any(Word::Missing, "schema") {
        "little or nothing came back: the dump was of another or an empty database, or the restore ended at once"
    } else if any(Word::Missing, "constraint") && any(Word::Missing, "index") && any(Word::Missing, "grant") {
        "the restore stopped before its end, or went on after errors: constraints, indexes and grants come last"
    } else if any(Word::Missing, "role") || any(Word::Missing, "grant") || any(Word::Changed, "grant") {
        "roles and grants live outside the database: a dump of one database does not hold them"
    } else if any(Word::Changed, "role") {
        "the roles were saved without their passwords or attributes, or edited by hand after the backup"
    } else if any(Word::Missing, "routine")
        || any(Word::Missing, "function")
        || any(Word::Missing, "trigger")
        || any(Word::Missing, "event")
    {
        "routines, triggers and events need options of their own in the dump"
    } else if says("not populated") || totals.keys().any(|(word, _)| *word == Word::Missing) {
        "the restore met an error and went on (no stop on error), or the dump left these kinds out"
    } else if totals.keys().any(|(word, _)| *word == Word::Extra) {
        "the target was not empty before the restore"
    } else if says("unlogged") {
        "an unlogged table is in no log: it comes back empty from a copy of files, and no standby has its rows"
    } else if says("switched off") {
        "constraints were switched off to restore faster, or in another order, and not switched on again"
    } else if any(Word::Changed, "database") {
        "grants and settings of the database itself are in no dump of its contents"
    } else {
        "another server version, or settings and definitions edited by hand after the backup"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown_of_two_definitions() {
        for (was, is, expected) in [
            ("other", "another", r#"was "other", is "another""#),
            ("a b c d e f g h", "a b c d X f g h", r#"was "... c d e f g ...", is "... c d X f g ...""#),
            ("table of me", "table unlogged of me", r#"was "table of me", is "table unlogged of me""#),
            ("a b c d", "a b", r#"was "a b c d", is "a b""#),
            ("a a a", "a a", r#"was "a a a", is "a a""#),
            ("a a a a a", "a a a a", r#"was "... a a a", is "... a a""#),
            ("", "x", r#"was "", is "x""#),
            ("same  words", "same words", r#"was "same  words", is "same words""#),
        ] {
            assert_eq!(apart(was, is), expected);
        }
    }

    #[test]
    fn the_cause_follows_from_what_differs() {
        let (missing, changed, extra) = (Word::Missing, Word::Changed, Word::Extra);
        for (word, kind, line, expected) in [
            (missing, "schemas", "", "another or an empty database"),
            (missing, "comments", "comments: (none can be read: ERROR) was not there before", "catalogs are damaged"),
            (missing, "roles", "", "outside the database"),
            (missing, "grants", "", "outside the database"),
            (changed, "grants", "", "outside the database"),
            (changed, "roles", "", "without their passwords"),
            (missing, "routines", "", "options of their own"),
            (missing, "functions", "", "options of their own"),
            (missing, "triggers", "", "options of their own"),
            (missing, "events", "", "options of their own"),
            (missing, "indexes", "", "met an error"),
            (missing, "constraints", "", "met an error"),
            (changed, "tables, views and sequences", "was \"view\", is \"view not populated\"", "went on"),
            (changed, "tables, views and sequences", "was \"table\", is \"table unlogged\"", "in no log"),
            (changed, "database", "", "of the database itself"),
            (changed, "constraints", "was \"true\", is \"true switched off\"", "not switched on again"),
            (changed, "server settings", "", "left so"),
            (extra, "who may log in", "", "left so"),
            (changed, "who may log in", "", "left so"),
            (changed, "indexes", "", "another server version"),
            (extra, "indexes", "", "not empty"),
            (changed, "bucket", "", "settings of a bucket"),
            (missing, "bucket", "", "settings of a bucket"),
        ] {
            let totals = BTreeMap::from([((word, kind), 1)]);
            let said = cause(&totals, &[line.to_owned()]);
            assert!(said.contains(expected), "{word} {kind} {line}: {said}");
        }
    }

    #[test]
    fn what_comes_last_in_a_dump_is_missing_together_where_the_restore_stopped() {
        for (kinds, expected) in [
            (&["constraints", "indexes", "grants"][..], "come last"),
            (&["constraints", "indexes"], "met an error"),
            (&["constraints", "grants"], "outside the database"),
            (&["indexes", "grants"], "outside the database"),
        ] {
            let totals = kinds.iter().map(|kind| ((Word::Missing, *kind), 1)).collect();
            assert!(cause(&totals, &[]).contains(expected), "{kinds:?}: {}", cause(&totals, &[]));
        }
    }
}
