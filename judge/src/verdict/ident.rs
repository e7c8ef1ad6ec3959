//! IDENT: what answers is a restored copy, of the right backup, and the source is out of the way.

use blackstart_record::event::Incarnation;
use blackstart_record::observation::Identity;
use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding};
use super::story::Fence;

/// It is a restored copy: fresh nonce present, poison absent, source fenced.
pub const CHECKER: Checker = Checker { name: "IDENT", check };

fn check(evidence: &Evidence) -> Finding {
    let identities = evidence.identities();
    let found = |verdict, says: &str| finding(CHECKER.name, verdict, identities.len() as u64, says);
    if identities.is_empty() && !evidence.restores() && !evidence.story.incarnations.is_empty() {
        // There is no copy whose identity could be in doubt.
        let lives = evidence.story.incarnations.len() as u64;
        return finding(
            CHECKER.name,
            Verdict::Met,
            lives,
            "the runbook restores nothing: the data was judged where it is",
        );
    }
    if identities.is_empty() {
        return found(Verdict::Inconclusive, "no examination asked whose data this is");
    }
    for identity in &identities {
        if let Some((says, cause)) = wrong(identity, evidence.repairs()) {
            let mut finding = found(Verdict::Missed, &says);
            finding.cause = Some(cause.into());
            finding.details = lives(identity);
            return finding;
        }
    }
    let seen = |index: u32| evidence.story.incarnations.get(usize::try_from(index).ok()?);
    let Some(examined) = evidence.story.restored.and_then(seen) else {
        return found(Verdict::Inconclusive, "the history does not say which life of the data was examined");
    };
    if identities.iter().any(|identity| identity.restored.as_ref() != Some(examined)) {
        return found(
            Verdict::Inconclusive,
            "the application's link leads to another life than the one that was examined",
        );
    }
    match &evidence.story.fence {
        Some(Fence::Fenced) => {
            let says = if evidence.repairs() {
                "the database that was repaired holds this drill's nonce, was closed before, and is the one that the \
                 application reaches"
            } else {
                "the copy holds this backup's nonce, not the source's poison, lives a life of its own, and the source is fenced"
            };
            let mut finding = found(Verdict::Met, says);
            finding.details = identities.iter().flat_map(|identity| lives(identity)).collect();
            finding
        }
        Some(Fence::Left(how)) => {
            found(Verdict::Inconclusive, &format!("the runbook leaves the source running: {how}"))
        }
        Some(Fence::Open(why)) => found(Verdict::Inconclusive, &format!("the source is not fenced: {why}")),
        None => found(Verdict::Inconclusive, "nobody tried whether the source still takes writes"),
    }
}

/// What is wrong with an identity, and what usually causes it. Data that is repaired where it is may live on.
fn wrong(identity: &Identity, repaired: bool) -> Option<(String, &'static str)> {
    let Identity { nonce_expected, nonce_found, poison_found, source, restored } = identity;
    let Some(restored) = restored else {
        return Some((
            "nothing answers through the application's link".into(),
            "the link was not switched, the restored copy is down, or it does not know the application's role and password",
        ));
    };
    if !repaired && restored == source {
        return Some((
            "this is the source, not a restored copy: the same life of the data answers".into(),
            "the restore did nothing, and the check reads the source",
        ));
    }
    if *poison_found {
        return Some((
            "the copy holds the poison row, which the source got after the application was stopped".into(),
            "replay went past its target to the end of the log, or the copy was made of the source as it is now",
        ));
    }
    if !repaired && is_unpromoted(source, restored) {
        return Some((
            format!("the copy runs on the source's own branch ({})", source.branch),
            "the source was only restarted, or the copy started without recovery and was never promoted",
        ));
    }
    match nonce_found {
        Some(nonce) if nonce == nonce_expected => None,
        Some(nonce) => Some((
            format!("the copy holds the nonce {nonce:?} of another drill or backup, not {nonce_expected:?}"),
            "an older backup was restored than the one that was meant",
        )),
        None => Some((
            "the copy does not hold the nonce that was written before the backup".into(),
            "an older backup, or another system's, was restored, or the restore ended before it came to that",
        )),
    }
}

/// A physical copy keeps the identity, so its branch and start must both be new; a logical one has a new identity.
fn is_unpromoted(source: &Incarnation, restored: &Incarnation) -> bool {
    source.identity == restored.identity && (source.branch == restored.branch || source.started == restored.started)
}

fn lives(identity: &Identity) -> Vec<String> {
    let life = |life: &Incarnation| format!("{}, branch {}, started {}", life.identity, life.branch, life.started);
    let restored = identity.restored.as_ref().map_or("none".into(), life);
    vec![format!("source: {}", life(&identity.source)), format!("restored: {restored}")]
}
