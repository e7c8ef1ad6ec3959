//! The hosts through which a replica follows its source: they run its engine, and none of them comes twice.

use super::plan_file::PipelineFile;
use super::problems::Problems;
use super::{Asks, Environment};

pub(super) fn check<M: Asks, P>(pipeline: &PipelineFile<M>, environment: &Environment<P>, problems: &mut Problems<'_>) {
    let through = pipeline.method.get_ref().method().map(|method| method.through).unwrap_or_default();
    let (hosts, source) = (&environment.hosts, &pipeline.source.value);
    for (index, name) in through.iter().enumerate() {
        let place = problems.quoted_within(name, pipeline.method.span());
        problems.refer("host", name, place.clone(), hosts.keys().map(String::as_str));
        if name == source || through[..index].contains(name) {
            let message = format!("a replica that follows `{source}` through `{name}` goes in a circle");
            problems.add(place, message, "name each host between the two once, the source's own replica first");
        } else if let (Some(from), Some(to)) = (hosts.get(source), hosts.get(name))
            && from.engine != to.engine
        {
            let message = format!("`{name}` does not run the server that `{source}` runs");
            problems.add(place, message, "give both hosts the same `engine`");
        }
    }
}
