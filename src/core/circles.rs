//! Circles among dependencies, of all tasks in one pass.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::domain::id::TaskId;

/// Every knot: tasks that all lead to each other (Tarjan's strongly connected components), and
/// single ones that depend on themselves. In the order of their first ids.
pub fn knots<'a, N: Iterator<Item = &'a TaskId>>(
    tasks: impl Iterator<Item = &'a TaskId>,
    needs: impl Fn(&'a TaskId) -> N,
) -> Vec<BTreeSet<&'a TaskId>> {
    let ids: Vec<&TaskId> = tasks.collect();
    let index: BTreeMap<&TaskId, usize> =
        ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let edges: Vec<Vec<usize>> = ids
        .iter()
        .map(|id| needs(id).filter_map(|other| index.get(other).copied()).collect())
        .collect();
    let mut found: Vec<BTreeSet<&TaskId>> = components(&edges)
        .into_iter()
        .filter(|knot| knot.len() > 1 || knot.iter().any(|at| edges[*at].contains(at)))
        .map(|knot| knot.into_iter().map(|at| ids[at]).collect())
        .collect();
    found.sort();
    found
}

/// A shortest circle of a knot through one of its tasks, which is the first; each leads to the
/// next, the last to the first.
pub fn shortest<'a, N: Iterator<Item = &'a TaskId>>(
    start: &'a TaskId,
    knot: &BTreeSet<&'a TaskId>,
    needs: impl Fn(&'a TaskId) -> N,
) -> Vec<&'a TaskId> {
    let mut from: BTreeMap<&TaskId, &TaskId> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(task) = open.pop_front() {
        for next in needs(task).filter(|next| knot.contains(next)) {
            if next == start {
                let mut circle = vec![task];
                while let Some(before) = from.get(circle[circle.len() - 1]) {
                    circle.push(before);
                }
                circle.reverse();
                return circle;
            }
            if !from.contains_key(next) {
                from.insert(next, task);
                open.push_back(next);
            }
        }
    }
    Vec::new()
}

/// Tarjan's algorithm without recursion: a chain of 100,000 tasks is no trouble.
fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let mut number = vec![NEW; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut waits = vec![false; edges.len()];
    let (mut stack, mut found, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..edges.len() {
        let mut calls: Vec<(usize, usize)> = Vec::new();
        if number[root] == NEW {
            calls.push((root, 0));
        }
        while let Some((at, edge)) = calls.pop() {
            if edge == 0 && number[at] == NEW {
                (number[at], low[at]) = (next, next);
                next += 1;
                stack.push(at);
                waits[at] = true;
            }
            match edges[at].get(edge) {
                Some(&other) if number[other] == NEW => calls.extend([(at, edge), (other, 0)]),
                Some(&other) => {
                    if waits[other] {
                        low[at] = low[at].min(low[other]);
                    }
                    calls.push((at, edge + 1));
                }
                None => {
                    if low[at] == number[at] {
                        let start = stack.iter().rposition(|other| *other == at).unwrap_or(0);
                        let component = stack.split_off(start);
                        component.iter().for_each(|other| waits[*other] = false);
                        found.push(component);
                    }
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &str) -> String {
        let parse = |line: &str| {
            let (id, needs) = line.split_once(':').unwrap();
            let needs = needs.split_whitespace().map(|id| TaskId::new(id).unwrap());
            (TaskId::new(id).unwrap(), needs.collect::<Vec<_>>())
        };
        let tasks: BTreeMap<TaskId, Vec<TaskId>> = lines.split(", ").map(parse).collect();
        let needs = |id: &TaskId| tasks.get(id).map(|needs| needs.iter()).unwrap_or_default();
        let circles = knots(tasks.keys(), needs);
        let circles = circles.iter().map(|knot| shortest(knot.first().unwrap(), knot, needs));
        let shown =
            circles.map(|ids| ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(" "));
        shown.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn every_knot_is_found_once() {
        for (tasks, circles) in [
            ("a:b, b:c, c:", ""),
            ("a:a", "a"),
            ("a:b, b:a", "a b"),
            ("a:b, b:c, c:d a, d:b", "a b c"),
            ("a:b, b:a, c:d, d:c, e:a", "a b; c d"),
            ("x:y, y:z, z:y", "y z"),
            ("a:gone", ""),
            ("a:c, b:a, c:b d, d:c", "a c b"),
        ] {
            assert_eq!(told(tasks), circles, "{tasks}");
        }
    }

    #[test]
    fn a_long_chain_and_a_long_circle_end() {
        let line = |n: usize, last: usize| format!("t{n}:t{}", (n + 1) % last);
        let chain: Vec<_> = (0..20_000).map(|n| line(n, 30_000)).collect();
        assert_eq!(told(&chain.join(", ")), "");
        let circle: Vec<_> = (0..20_000).map(|n| line(n, 20_000)).collect();
        assert_eq!(told(&circle.join(", ")).split(' ').count(), 20_000);
    }
}
