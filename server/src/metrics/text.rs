//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write};

/// What a number does over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It grows, and starts anew with the worker or the process.
    Counter,
    /// It is what it is now.
    Gauge,
}

/// Families of samples, each begun with [`Self::family`]. Names, labels and help texts are our own
/// and have nothing that would have to be escaped.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a family; its samples follow.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // Writing into a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A number of the family that was begun last.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let labels = match labels.as_slice() {
            [] => String::new(),
            labels => format!("{{{}}}", labels.join(",")),
        };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    /// A family of one number.
    pub(super) fn one(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// All of it.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_and_samples_are_lines() {
        let mut text = Text::default();
        text.one("up", Kind::Gauge, "Whether it is.", 1_u64);
        text.family("drops_total", Kind::Counter, "What went nowhere.");
        text.sample("drops_total", &[("worker", "0"), ("reason", "late")], 2.5);
        let expected = "# HELP up Whether it is.\n# TYPE up gauge\nup 1\n\
            # HELP drops_total What went nowhere.\n# TYPE drops_total counter\n\
            drops_total{worker=\"0\",reason=\"late\"} 2.5\n";
        assert_eq!(text.into_string(), expected);
    }
}
