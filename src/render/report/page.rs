//! What a page has room for: of a very long queue the tasks that come first, and how many more
//! there are.

use std::borrow::Cow;

use crate::core::report::Report;

/// So many tasks of the queue are told one by one.
const MOST: usize = 200;

/// The report with what there is room for, and how many tasks of its queue are left out.
pub fn short(report: &Report) -> (Cow<'_, Report>, usize) {
    let more = report.queue.len().saturating_sub(MOST);
    if more == 0 {
        return (Cow::Borrowed(report), 0);
    }
    let mut short = report.clone();
    short.queue.truncate(MOST);
    (Cow::Owned(short), more)
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::core::ledger::tests::at;
    use crate::core::report::{Past, Queued, Span, Stood, report};
    use crate::domain::config::Config;
    use crate::domain::masks::Masks;
    use crate::render::report::{html, json, markdown, plain};

    fn of(tasks: usize) -> Report {
        let past = Past::of([], Span { since: at("09:00"), until: at("18:00") });
        let config = Config { timezone: Tz::UTC, ..Config::default() };
        let mut report = report(past, Stood::default(), &config);
        let queued = |position: usize| Queued {
            position,
            task: format!("task-{position}").parse().unwrap(),
            title: "Write it".into(),
            priority: Default::default(),
            due: None,
            state: "queued".into(),
            gate: None,
            held: Some("priority low starts only after approval".into()),
            remedy: Some(format!("buildq approve task-{position}")),
        };
        report.queue = (1..=tasks).map(queued).collect();
        report
    }

    #[test]
    fn a_queue_without_end_leaves_a_page_that_ends() {
        let report = of(100_000);
        let masks = Masks::default();
        let pages =
            [markdown(&report, None).unwrap(), plain(&report), html(&report, &masks).unwrap()];
        for page in pages {
            assert!(page.len() < 100_000, "{}", page.len());
            assert!(page.contains("task-200") && !page.contains("task-201"));
            assert!(page.contains("99800 more"), "{}", &page[page.len() - 300..]);
        }
        let own = "{{ queue | length }} and {{ queue_more }}";
        assert_eq!(markdown(&report, Some(own)).unwrap(), "200 and 99800\n");
        assert_eq!(json(&report).unwrap().matches("\"position\"").count(), 100_000);
        let short = of(200);
        assert!(!plain(&short).contains("more") && plain(&short).contains("task-200"));
    }
}
