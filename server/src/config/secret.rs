//! The secret that signs invites: given, or made once and kept.

use std::{
    fmt, fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::random;

/// Fewest bytes of a secret: the size of the HS256 key space (RFC 7518 section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// Fewest bytes of the administrator's token: as many random bits as a room id has.
pub const MIN_ADMIN_TOKEN_BYTES: usize = 16;

/// What examples on the web say; whoever knows them could invite themselves.
const SAMPLES: [&str; 2] = ["your-secret-key-change", "your-secret-key-change-in-production"];

/// Name of the kept secret in the data folder.
const FILE_NAME: &str = "jwt-secret";

/// Bytes that nobody else may know. Its debug form says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether a text is this secret; how long that takes says nothing of how alike they are.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        let (own, given) = (self.as_bytes(), text.as_bytes());
        let difference =
            own.iter().zip(given).fold(0, |all, (a, b)| std::hint::black_box(all | (a ^ b)));
        own.len() == given.len() && difference == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// Why there is no secret to sign with.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Everyone knows it.
    #[error("JWT_SECRET is the sample value; set one of your own, or leave it unset")]
    Sample,
    /// It could be guessed.
    #[error("JWT_SECRET has {0} bytes; it needs at least {MIN_SECRET_BYTES}, or leave it unset")]
    TooShort(usize),
    /// The administrator's token could be guessed.
    #[error(
        "ADMIN_TOKEN has {0} bytes; it needs at least {MIN_ADMIN_TOKEN_BYTES}, or leave it unset"
    )]
    AdminTooShort(usize),
    /// The data folder cannot be made.
    #[error("DATA_DIR: the folder {folder:?} cannot be made: {source}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The kept secret can be neither read nor made.
    #[error("DATA_DIR: the secret in {file:?} cannot be {action}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The kept secret is not one that this program made.
    #[error("DATA_DIR: the secret in {0:?} is damaged; remove the file to have a new one made")]
    Damaged(PathBuf),
}

/// The secret to sign with: the given one when it is good enough, else the one kept in
/// `data_dir`, which is made when there is none.
///
/// # Errors
///
/// The given secret is bad, or the kept one can be neither read nor made.
pub fn load_secret(given: Option<&Secret>, data_dir: &Path) -> Result<Secret, SecretError> {
    match given {
        Some(secret) => check(secret).map(|()| secret.clone()),
        None => kept(data_dir),
    }
}

/// Checks the administrator's token, if there is one.
///
/// # Errors
///
/// It has under [`MIN_ADMIN_TOKEN_BYTES`].
pub fn check_admin_token(token: Option<&Secret>) -> Result<(), SecretError> {
    let length = token.map_or(MIN_ADMIN_TOKEN_BYTES, |token| token.as_bytes().len());
    if length < MIN_ADMIN_TOKEN_BYTES { Err(SecretError::AdminTooShort(length)) } else { Ok(()) }
}

fn check(secret: &Secret) -> Result<(), SecretError> {
    if SAMPLES.contains(&secret.0.as_str()) {
        return Err(SecretError::Sample);
    }
    let length = secret.as_bytes().len();
    if length < MIN_SECRET_BYTES { Err(SecretError::TooShort(length)) } else { Ok(()) }
}

fn kept(data_dir: &Path) -> Result<Secret, SecretError> {
    let folder_error = |source| SecretError::Folder { folder: data_dir.to_owned(), source };
    fs::create_dir_all(data_dir).map_err(folder_error)?;
    let file = data_dir.join(FILE_NAME);
    match fs::read_to_string(&file) {
        Ok(text) => read(text, file),
        Err(error) if error.kind() == ErrorKind::NotFound => make(data_dir, file),
        Err(source) => Err(SecretError::File { file, action: "read", source }),
    }
}

fn read(text: String, file: PathBuf) -> Result<Secret, SecretError> {
    let secret = Secret(text.trim_end().to_owned());
    check(&secret).map(|()| secret).map_err(|_| SecretError::Damaged(file))
}

/// Writes a new secret under another name and gives it its name when it is whole, unless another
/// process was faster: then that one's is the secret.
fn make(data_dir: &Path, file: PathBuf) -> Result<Secret, SecretError> {
    let secret = Secret(random::hex(&random::bytes::<MIN_SECRET_BYTES>()));
    match write_new(data_dir, &file, &secret) {
        Ok(()) => Ok(secret),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match fs::read_to_string(&file) {
            Ok(text) => read(text, file),
            Err(source) => Err(SecretError::File { file, action: "read", source }),
        },
        Err(source) => Err(SecretError::File { file, action: "made", source }),
    }
}

/// The temporary file has mode 0600 from the start, and keeps it under its final name.
fn write_new(data_dir: &Path, file: &Path, secret: &Secret) -> io::Result<()> {
    let mut temporary = tempfile::NamedTempFile::new_in(data_dir)?;
    writeln!(temporary, "{}", secret.0)?;
    temporary.as_file().sync_all()?;
    temporary.persist_noclobber(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn given(text: &str) -> Result<Secret, SecretError> {
        load_secret(Some(&Secret(text.to_owned())), Path::new("/nonexistent"))
    }

    #[test]
    fn a_sample_is_refused() {
        for sample in SAMPLES {
            assert!(matches!(given(sample), Err(SecretError::Sample)), "{sample}");
        }
    }

    #[test]
    fn a_secret_has_at_least_32_bytes() {
        assert!(matches!(given(&"x".repeat(31)), Err(SecretError::TooShort(31))));
        assert!(given(&"x".repeat(32)).is_ok());
    }

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("new/data");
        let first = load_secret(None, &data_dir).unwrap();
        assert_eq!(load_secret(None, &data_dir).unwrap(), first);
        let mode = fs::metadata(data_dir.join(FILE_NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn of_many_processes_that_start_at_once_all_have_the_same_secret() {
        let folder = tempfile::tempdir().unwrap();
        let starting = std::thread::available_parallelism().unwrap().get().max(2) * 4;
        let secrets: Vec<Secret> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..starting)
                .map(|_| scope.spawn(|| load_secret(None, folder.path()).unwrap()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    }

    #[test]
    fn a_damaged_secret_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), "half a se").unwrap();
        assert!(matches!(load_secret(None, folder.path()), Err(SecretError::Damaged(_))));
    }

    #[test]
    fn a_folder_that_is_a_file_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = load_secret(None, file.path()).unwrap_err();
        assert!(error.to_string().contains(file.path().to_str().unwrap()), "{error}");
    }

    #[test]
    fn the_debug_form_says_nothing() {
        assert_eq!(format!("{:?}", Secret("hush".to_owned())), "Secret");
    }
}
