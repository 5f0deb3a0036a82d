//! A person puts everything right again, and days go by without any fault.

use chrono::TimeDelta;

use super::acts::WHOLE;
use super::steps::{How, Step, Word};
use super::world::{Stage, World, tasks};
use crate::core::ledger::Phase;

impl World {
    /// The clock is right, nothing is paused, this clone runs the queue, and all is approved.
    pub fn heal(&mut self, repo: usize) {
        let right = "2026-02-07T18:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        self.now = right + self.steady;
        self.repos[repo].trusted = true;
        (self.repos[repo].meeting, self.repos[repo].missing) = (false, false);
        self.step(&Step::Join(repo));
        self.step(&Step::Adopt(repo));
        self.step(&Step::Resume(repo, true));
        for process in 0..self.processes.len() {
            self.look(process);
        }
        for task in tasks() {
            self.say(repo, &task, Word::Approve);
        }
    }

    /// Every builder ends well, people answer and merge, and the clock goes on for a day.
    pub fn a_day(&mut self, repo: usize) {
        for _ in 0..6 {
            self.sync(repo, WHOLE);
            self.let_all_end(repo);
        }
        for task in tasks() {
            let phase = self.repos[repo].ledger.builds.get(&task).map(|build| build.phase.clone());
            let word = match phase {
                Some(Phase::Review { .. }) => Word::Accept,
                Some(Phase::Blocked { .. }) => Word::Answer,
                Some(Phase::Escalated { .. }) => Word::Retry,
                _ => continue,
            };
            self.say(repo, &task, word);
        }
        // What waits for the base gets a new one; every fourth hour is looked at.
        self.step(&Step::Base(repo));
        for _ in 0..6 {
            self.pass(TimeDelta::hours(4));
            self.sync(repo, WHOLE);
            self.let_all_end(repo);
        }
    }

    fn let_all_end(&mut self, repo: usize) {
        for index in 0..self.processes.len() {
            for _ in 0..4 {
                let process = &self.processes[index];
                if process.repo != repo || !process.supervisor {
                    break;
                }
                match process.stage {
                    Stage::Building if process.builder => self.end(index, How::Well),
                    _ => self.go(index),
                }
            }
        }
        self.processes.retain(|process| process.lives());
    }
}
