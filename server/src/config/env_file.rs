//! Reads `.env` into the environment of the process.

use std::{fs, io, path::Path};

/// Why `.env` could not be used.
#[derive(Debug, thiserror::Error)]
pub enum EnvFileError {
    /// There is one, but it cannot be read.
    #[error(".env cannot be read: {0}")]
    Unreadable(io::Error),
    /// A line is not `NAME=value`. The line itself may hold a secret and is not shown.
    #[error(".env: line {0} is not NAME=value")]
    Line(usize),
    /// Something else is wrong with it.
    #[error(".env cannot be understood")]
    Malformed,
}

/// Sets what `file` says and the environment does not say already; no file, nothing to do.
///
/// Must run before the process has a second thread, as everything that changes the environment.
///
/// # Errors
///
/// The file cannot be read or understood; then nothing after the bad line is set.
pub fn load(file: &Path) -> Result<(), EnvFileError> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(EnvFileError::Unreadable(error)),
    };
    check(&text)?;
    dotenvy::from_read(text.as_bytes()).map_err(|error| what_is_wrong(&error, &text))
}

/// Reads the whole file before any of it takes effect.
fn check(text: &str) -> Result<(), EnvFileError> {
    dotenvy::from_read_iter(text.as_bytes())
        .try_for_each(|line| line.map(drop))
        .map_err(|error| what_is_wrong(&error, text))
}

fn what_is_wrong(error: &dotenvy::Error, text: &str) -> EnvFileError {
    let number = match error {
        dotenvy::Error::LineParse(bad, _) => {
            text.lines().position(|line| line.trim() == bad.trim()).map(|index| index + 1)
        }
        _ => None,
    };
    number.map_or(EnvFileError::Malformed, EnvFileError::Line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_numbered_and_not_shown() {
        let error = check("PORT=3000\n\n# note\nJWT_SECRET the-secret\n").unwrap_err();
        assert_eq!(error.to_string(), ".env: line 4 is not NAME=value");
    }

    #[test]
    fn a_missing_file_says_nothing() {
        assert!(load(Path::new("/nonexistent/.env")).is_ok());
    }

    #[test]
    fn a_folder_in_its_place_is_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(load(folder.path()), Err(EnvFileError::Unreadable(_))));
    }
}
