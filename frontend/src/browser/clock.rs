//! The time of day where the person is.

use js_sys::{Date, Object, Reflect};

use crate::text::Language;

/// Milliseconds since 1970, UTC.
#[must_use]
pub fn unix_milliseconds() -> u64 {
    whole(Date::now())
}

/// A point in time as one says it in the language of the page.
#[must_use]
pub fn date_and_time(unix_milliseconds: u64) -> String {
    let options = Object::new();
    for (part, style) in [("dateStyle", "long"), ("timeStyle", "short")] {
        // A plain object takes every property.
        drop(Reflect::set(&options, &part.into(), &style.into()));
    }
    date(unix_milliseconds).to_locale_string(Language::current().tag(), &options).into()
}

/// Hours and minutes of a point in time, as `14:05`.
#[must_use]
pub fn time_of_day(unix_milliseconds: u64) -> String {
    let date = date(unix_milliseconds);
    format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
}

#[expect(clippy::cast_precision_loss, reason = "a date of this millennium fits")]
fn date(unix_milliseconds: u64) -> Date {
    Date::new(&(unix_milliseconds as f64).into())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a clock before 1970 counts as 1970"
)]
const fn whole(milliseconds: f64) -> u64 {
    milliseconds as u64
}
