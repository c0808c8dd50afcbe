//! The time of day where the person is.

use js_sys::Date;

/// Milliseconds since 1970, UTC.
#[must_use]
pub fn unix_milliseconds() -> u64 {
    whole(Date::now())
}

/// Hours and minutes of a point in time, as `14:05`.
#[must_use]
pub fn time_of_day(unix_milliseconds: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a date of this millennium fits")]
    let date = Date::new(&(unix_milliseconds as f64).into());
    format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a clock before 1970 counts as 1970"
)]
const fn whole(milliseconds: f64) -> u64 {
    milliseconds as u64
}
