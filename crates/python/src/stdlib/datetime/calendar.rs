//! The proleptic Gregorian calendar.

/// Days before the first of January of year 1, which is day 1.
pub(super) fn ordinal(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100)
        + before.div_euclid(400)
        + days_before_month(year, month)
        + day
}

/// Year, month and day of an ordinal.
pub(super) fn from_ordinal(ordinal: i64) -> (i64, i64, i64) {
    // Four centuries are 146097 days; estimate the year, then correct it.
    let mut year = (ordinal * 400).div_euclid(146_097) + 1;
    while self::ordinal(year, 1, 1) > ordinal {
        year -= 1;
    }
    while self::ordinal(year + 1, 1, 1) <= ordinal {
        year += 1;
    }
    let rest = ordinal - self::ordinal(year, 1, 1);
    let mut month = 1;
    while month < 12 && days_before_month(year, month + 1) <= rest {
        month += 1;
    }
    (year, month, rest - days_before_month(year, month) + 1)
}

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_before_month(year: i64, month: i64) -> i64 {
    (1..month).map(|month| days_in_month(year, month)).sum()
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
