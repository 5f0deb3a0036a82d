//! What agents cost, in US dollars: that is the unit they print.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A sum of money in millionths of a US dollar: never negative, never more than
/// [`Cost::MOST`], and exact when added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u64);

impl Cost {
    /// A million dollars: whatever says more is cut there.
    pub const MOST: Self = Self(1_000_000_000_000);

    /// From a figure in dollars; one that is no number, or negative, is none.
    pub fn dollars(figure: f64) -> Option<Self> {
        let millionths = figure * 1e6;
        let nearest = millionths.round();
        // What was written as decimal digits is as good as whole; the rest is rounded up, so
        // that many small sums never add up to nothing.
        let whole = if (millionths - nearest).abs() < 1e-3 { nearest } else { millionths.ceil() };
        // Cut first: the cast is exact.
        let cut = whole.min(Self::MOST.0 as f64);
        (!figure.is_nan() && figure >= 0.0).then_some(Self(cut as u64))
    }

    /// Reads `5`, `5.00` or `0.000123`: plain decimal digits, dollars.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_digit() || c == '.';
        let text = text.trim();
        let figure: f64 = text.chars().all(plain).then(|| text.parse().ok()).flatten()?;
        if figure <= Self::MOST.as_dollars() { Self::dollars(figure) } else { None }
    }

    /// In dollars.
    pub fn as_dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The two together, at most [`Cost::MOST`].
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0)).min(Self::MOST)
    }
}

impl fmt::Display for Cost {
    /// `5.00`, and as many more digits as a small sum needs: `0.0123`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let digits = format!("{rest:06}");
        let short = digits.trim_end_matches('0');
        f.pad(&format!("{whole}.{short:0<2}"))
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::plus)
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.as_dollars())
    }
}

impl<'d> Deserialize<'d> for Cost {
    fn deserialize<D: Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        let figure = f64::deserialize(from)?;
        Self::dollars(figure).ok_or_else(|| serde::de::Error::custom("no sum of money"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_and_shown() {
        for (text, shown) in [
            ("5", "5.00"),
            ("5.00", "5.00"),
            ("0.1", "0.10"),
            ("0.000123", "0.000123"),
            ("0.0000001", "0.000001"),
            ("1000000", "1000000.00"),
            (" 2.5 ", "2.50"),
        ] {
            assert_eq!(Cost::parse(text).map(|c| c.to_string()).as_deref(), Some(shown), "{text}");
        }
        for text in ["", "-1", "NaN", "inf", "1e3", "$5", "5 USD", "1000001", ".", "1.2.3"] {
            assert_eq!(Cost::parse(text), None, "{text}");
        }
    }

    #[test]
    fn figures_of_strangers_are_never_negative_and_never_endless() {
        for figure in [f64::NAN, f64::INFINITY, -0.01, f64::NEG_INFINITY] {
            let wanted = (figure > 0.0).then_some(Cost::MOST);
            assert_eq!(Cost::dollars(figure), wanted, "{figure}");
        }
        assert_eq!(Cost::dollars(1e300), Some(Cost::MOST));
        let all: Cost = [Cost::MOST, Cost::MOST].into_iter().sum();
        assert_eq!(all, Cost::MOST);
    }

    #[test]
    fn a_sum_comes_back_from_its_json() {
        for text in ["0.1", "0.3", "123.456789", "999999.999999"] {
            let cost = Cost::parse(text).unwrap();
            let json = serde_json::to_string(&cost).unwrap();
            assert_eq!(serde_json::from_str::<Cost>(&json).unwrap(), cost, "{text}");
        }
    }
}
