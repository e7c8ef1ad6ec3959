//! The second oracle of the checkers that look around the restored copy: at programs, artifacts, hosts and keys.

use blackstart_record::event::{Event, Processes};
use blackstart_record::observation::{
    Attack, CleanRestore, Credential, Fence, Observation, Overheard, SabotageOutcome,
};
use blackstart_record::plan::Step;
use blackstart_record::verdict::Verdict::{Met, Missed};

use super::definitions::{Truth, Word, met_if, seen, word};

impl<'a> Truth<'a> {
    fn restores_artifacts(&self) -> bool {
        let runbook = &self.drill.record.scenario.runbook;
        runbook.iter().any(|planned| planned.step == Step::Restore || planned.step == Step::Fetch)
    }

    pub(super) fn art(&self) -> Word {
        let looks = seen!(self, CleanRestore -> CleanRestore);
        if looks.is_empty() && !self.restores_artifacts() {
            return word("ART", Met, 1);
        }
        let compared = looks.iter().map(|look| look.rows).sum();
        let told = |look: &&&CleanRestore| match look.outcome {
            SabotageOutcome::NotTried { .. } => false,
            SabotageOutcome::Restored => look.same.is_some(),
            _ => true,
        };
        let good = |look: &&&CleanRestore| look.outcome == SabotageOutcome::Restored && look.same == Some(true);
        let (told, good) = (looks.iter().filter(told).count(), looks.iter().filter(good).count());
        let verdict = if good < told { Missed } else { met_if(!looks.is_empty() && good == looks.len()) };
        word("ART", verdict, compared)
    }

    pub(super) fn closure(&self) -> Word {
        let looks = seen!(self, CleanRestore -> CleanRestore);
        if looks.is_empty() && !self.restores_artifacts() {
            return word("CLOSURE", Met, 1);
        }
        let (mut compared, mut in_vain, mut deaf) = (0, 0, false);
        for look in &looks {
            match &look.overheard {
                Overheard::Heard { connections, reached } => {
                    compared += connections + reached.len() as u64;
                    in_vain += reached.len();
                }
                Overheard::Deaf { .. } => deaf = true,
            }
        }
        let back = looks.iter().all(|look| look.outcome == SabotageOutcome::Restored);
        let verdict = if in_vain > 0 && !back { Missed } else { met_if(!looks.is_empty() && back && !deaf) };
        word("CLOSURE", verdict, compared)
    }

    pub(super) fn fence(&self) -> Word {
        let looks = seen!(self, Fence -> Fence);
        let alone = u64::from(self.brings_back() && !self.restores_artifacts());
        let compared = looks.iter().map(|look| look.archived + alone).sum();
        let (mut wrong, mut kinds) = (false, 0);
        for look in &looks {
            let lists = [&look.added, &look.changed, &look.removed];
            kinds += lists.iter().filter(|list| !list.is_empty()).count() as u64;
            kinds += u64::from(look.attempts > 0) + u64::from(look.second_writer.is_some());
            wrong |= kinds > 0;
        }
        let verdict = if wrong { Missed } else { met_if(!looks.is_empty()) };
        Word { wrong: Some(kinds), ..word("FENCE", verdict, compared) }
    }

    pub(super) fn attack(&self) -> Word {
        let looks = seen!(self, Attack -> Attack);
        let compared = looks.iter().map(|look| look.artifacts).sum();
        let wrong = looks.iter().any(|look| !look.lost.is_empty() || !look.disarmed.is_empty());
        if !wrong && compared == 0 && !self.restores_artifacts() {
            return word("ATTACK", Met, 1);
        }
        let each_attacked = !looks.is_empty() && looks.iter().all(|look| look.artifacts > 0);
        word("ATTACK", if wrong { Missed } else { met_if(each_attacked) }, compared)
    }

    pub(super) fn breach(&self) -> Word {
        let looks = seen!(self, Credentials -> Vec<Credential>);
        let broken_into = self.drill.record.scenario.faults.iter().any(|fault| fault.name == "rogue-account");
        if looks.is_empty() && !broken_into {
            return word("BREACH", Met, 1);
        }
        let (mut refused, mut open, mut compared) = (0, 0, 0);
        for one in looks.iter().flat_map(|look| look.iter()) {
            compared += 1;
            refused += u64::from(one.lets_in == Some(false));
            open += u64::from(one.lets_in == Some(true));
        }
        let verdict = if open > 0 { Missed } else { met_if(compared > 0 && refused == compared) };
        word("BREACH", verdict, compared)
    }

    pub(super) fn stage(&self) -> Word {
        let runs = self.events(|event| if let Event::ProgramEnded(run) = event { Some(run) } else { None });
        let (mut compared, mut unseen, mut hidden) = (runs.len() as u64, runs.is_empty(), false);
        for run in runs {
            let Processes::Watched(stages) = &run.processes else {
                unseen = true;
                continue;
            };
            for (stage, times) in stages {
                compared += times;
                let broken_off = stage.signal == Some(13) || stage.code == Some(141);
                let badly = stage.signal.is_some() || stage.code.is_some_and(|code| code != 0);
                hidden |= badly && !broken_off && stage.piped_into.is_some() && run.code == Some(0);
            }
        }
        word("STAGE", if hidden { Missed } else { met_if(!unseen) }, compared)
    }
}
