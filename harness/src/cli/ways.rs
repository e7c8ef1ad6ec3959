//! Drills of one disaster beside each other, for a terminal; the run's report has more.

use blackstart_record::record::Folder;
use blackstart_reports::run::{self, Figure, Group, Way};

use super::layout::columns;
use super::output::Paint;

/// A table for each disaster that the drills in `folders` recovered from in more than one way: a column for each way, in order
/// of their names.
pub fn text(folders: &[Folder]) -> String {
    run::view(folders).groups.iter().map(|group| table(group, Paint::stdout())).collect()
}

fn table(group: &Group, paint: Paint) -> String {
    let row = |name: &str, cell: &dyn Fn(&Way) -> String| {
        std::iter::once(paint.faint(name).into_owned()).chain(group.ways.iter().map(cell)).collect::<Vec<String>>()
    };
    let mut rows = vec![
        row("", &|way| paint.strong(&way.scenario).into_owned()),
        row("verdict", &|way| word(paint, &way.verdict, &way.verdict)),
    ];
    for objective in &group.objectives {
        let name = format!("{} {}", objective.name, objective.beside);
        let cells = objective.cells.iter().map(|cell| shown(paint, cell));
        rows.push(std::iter::once(paint.faint(&name).into_owned()).chain(cells).collect());
    }
    rows.extend([
        row("lost", &|way| way.lost.value.clone()),
        row("the schedule allows", &|way| way.allowed.value.clone()),
        row("given up", &|way| way.given_up.clone()),
        row("missing or wrong", &|way| way.missing.clone()),
        row("checks", &|way| word(paint, &way.met.verdict, &way.met.value)),
    ]);
    format!("\nways to recover from {} ({})\n{}", group.disaster, group.faults, columns(&rows, 2))
}

/// A figure after its verdict: a colour alone tells nobody.
fn shown(paint: Paint, figure: &Figure) -> String {
    if figure.verdict.is_empty() {
        return figure.value.clone();
    }
    format!("{}, {}", word(paint, &figure.verdict, &figure.verdict), figure.value)
}

fn word(paint: Paint, verdict: &str, text: &str) -> String {
    match verdict {
        "met" => paint.good(text),
        "missed" => paint.bad(text),
        _ => paint.doubt(text),
    }
    .into_owned()
}
