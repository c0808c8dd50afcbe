//! The rooms on disk: one small file each, so that a killed server finds them again.
//!
//! A file is written beside its place and renamed into it, so it is whole or absent. It is not
//! forced to the disk: rooms survive the end of the process, and the newest may be lost with the
//! machine's power. Who is inside is not kept; participants come back by their resume tickets.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use shared::ids::RoomId;

use super::{
    Admission,
    record::{GivenRole, InviteRecord, RemovedParticipant, RoomRecord},
};

/// Most bytes of a room's file that are read. Ours have under 600, and under 300 KiB when every list
/// of the record is full.
const MAX_FILE_BYTES: u64 = 512 * 1024;

/// The folder of the rooms' files.
#[derive(Debug)]
pub struct RoomStore {
    folder: PathBuf,
}

/// The JSON of a room's file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoomFile {
    room_id: RoomId,
    host_name: String,
    invite_only: bool,
    /// Milliseconds since 1970.
    created_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_video_bitrate: Option<u32>,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    lobby: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    invites: Vec<InviteRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<GivenRole>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    removed: Vec<RemovedParticipant>,
}

impl RoomStore {
    /// Keeps rooms in `data_dir`/rooms.
    ///
    /// # Errors
    ///
    /// The folder is missing and cannot be made.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let folder = data_dir.join("rooms");
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// Reads at most `bound` rooms; a file that cannot be read is logged and left alone.
    #[must_use]
    pub fn load(&self, bound: usize) -> Vec<RoomRecord> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::error!(%error, "[ROOM] the rooms' folder could not be read");
                return Vec::new();
            }
        };
        let files = entries.filter_map(Result::ok).map(|entry| entry.path());
        files
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .filter_map(|path| match read(&path) {
                Ok(record) => Some(record),
                Err(error) => {
                    tracing::warn!(%error, "[ROOM] a room's file could not be read, skipped");
                    None
                }
            })
            .take(bound)
            .collect()
    }

    /// Writes a room.
    ///
    /// # Errors
    ///
    /// The folder does not take it.
    pub fn save(&self, record: &RoomRecord) -> io::Result<()> {
        let path = self.path(&record.room_id);
        let unfinished = path.with_extension("new");
        write_private(&unfinished, &serde_json::to_vec(&RoomFile::from(record))?)?;
        fs::rename(&unfinished, &path)
    }

    /// Removes a room; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// The file is there and stays.
    pub fn remove(&self, room_id: &RoomId) -> io::Result<()> {
        match fs::remove_file(self.path(room_id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A room id is a safe file name: `room-` and letters, digits, `-` and `_`.
    fn path(&self, room_id: &RoomId) -> PathBuf {
        self.folder.join(format!("{room_id}.json"))
    }
}

impl From<&RoomRecord> for RoomFile {
    fn from(record: &RoomRecord) -> Self {
        let since_1970 = record.created_at.duration_since(SystemTime::UNIX_EPOCH);
        Self {
            room_id: record.room_id.clone(),
            host_name: record.host_name.clone(),
            invite_only: record.admission == Admission::InviteOnly,
            created_at: since_1970
                .ok()
                .and_then(|time| u64::try_from(time.as_millis()).ok())
                .unwrap_or_default(),
            max_video_bitrate: record.max_video_bitrate,
            locked: record.locked,
            lobby: record.lobby,
            invites: record.invites.clone(),
            roles: record.roles.clone(),
            removed: record.removed.clone(),
        }
    }
}

impl From<RoomFile> for RoomRecord {
    fn from(file: RoomFile) -> Self {
        let since_1970 = Duration::from_millis(file.created_at);
        Self {
            room_id: file.room_id,
            host_name: file.host_name,
            admission: if file.invite_only {
                Admission::InviteOnly
            } else {
                Admission::BareIdAllowed
            },
            created_at: SystemTime::UNIX_EPOCH
                .checked_add(since_1970)
                .unwrap_or(SystemTime::UNIX_EPOCH),
            max_video_bitrate: file.max_video_bitrate,
            locked: file.locked,
            lobby: file.lobby,
            invites: file.invites,
            roles: file.roles,
            removed: file.removed,
        }
    }
}

fn read(path: &Path) -> io::Result<RoomRecord> {
    if fs::metadata(path)?.len() > MAX_FILE_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let file: RoomFile = serde_json::from_slice(&fs::read(path)?)?;
    let record = RoomRecord::from(file);
    // Under another name it could be neither found nor removed again.
    if path.file_stem().is_some_and(|stem| stem == record.room_id.as_str()) {
        Ok(record)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "the file is named after another room"))
    }
}

/// Writes a file that only the server's own user can read.
fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    use std::{
        io::Write,
        os::unix::fs::{OpenOptionsExt, PermissionsExt},
    };

    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(PRIVATE).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(PRIVATE))?;
    file.write_all(contents)
}

/// Readable and writable by the owner alone.
const PRIVATE: u32 = 0o600;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use shared::{
        limits::{MAX_INVITES, MAX_NAME_CHARS, MAX_ROLE_INVITES},
        signaling::Role,
    };

    use super::*;
    use crate::{
        random,
        rooms::{
            record::{InviteKind, Revocation},
            room::{MAX_ADMISSIONS, MAX_GIVEN_ROLES, MAX_REMOVED},
        },
    };

    fn record() -> RoomRecord {
        let created_at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        let participant_id = random::participant_id();
        RoomRecord {
            admission: Admission::InviteOnly,
            max_video_bitrate: Some(500_000),
            locked: true,
            lobby: true,
            invites: vec![invite()],
            roles: vec![GivenRole {
                participant_id: participant_id.clone(),
                role: Role::CoHost,
                at: 7,
                invite_id: Some(random::token_id()),
            }],
            removed: vec![RemovedParticipant { participant_id, at: 8 }],
            ..RoomRecord::new(random::room_id(), "Ada \u{1F469}".to_owned(), created_at)
        }
    }

    fn invite() -> InviteRecord {
        InviteRecord {
            id: random::token_id(),
            role: Role::Guest,
            label: Some("\u{1F469}".repeat(MAX_NAME_CHARS)),
            kind: InviteKind::RoomLink,
            created_at: 1_700_000_000,
            expires_at: 1_700_086_400,
            uses: u32::MAX,
            max_uses: Some(10),
            revocation: Revocation::WithSessions { at: 1_700_086_400 },
        }
    }

    #[test]
    fn a_room_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = RoomStore::open(folder.path()).unwrap();
        let record = record();
        store.save(&record).unwrap();
        assert_eq!(RoomStore::open(folder.path()).unwrap().load(10), [record]);
    }

    #[test]
    fn a_room_with_all_it_may_have_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = RoomStore::open(folder.path()).unwrap();
        let mut record = record();
        record.invites = vec![invite(); MAX_INVITES + MAX_ADMISSIONS + MAX_ROLE_INVITES];
        record.roles = vec![record.roles[0].clone(); MAX_GIVEN_ROLES];
        record.removed = vec![record.removed[0].clone(); MAX_REMOVED];
        store.save(&record).unwrap();
        assert_eq!(store.load(10), [record]);
    }

    /// As the first version wrote them.
    #[test]
    fn a_file_without_the_newer_fields_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = RoomStore::open(folder.path()).unwrap();
        let room_id = random::room_id();
        let text = format!(
            r#"{{"roomId":"{room_id}","hostName":"Ada","inviteOnly":false,"createdAt":5}}"#
        );
        fs::write(store.path(&room_id), text).unwrap();
        let created_at = SystemTime::UNIX_EPOCH + Duration::from_millis(5);
        assert_eq!(store.load(10), [RoomRecord::new(room_id, "Ada".to_owned(), created_at)]);
    }

    #[test]
    fn a_rooms_file_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let store = RoomStore::open(folder.path()).unwrap();
        let record = record();
        store.save(&record).unwrap();
        let mode = fs::metadata(store.path(&record.room_id)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE);
    }

    #[test]
    fn a_removed_room_is_gone_and_may_be_removed_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = RoomStore::open(folder.path()).unwrap();
        let record = record();
        store.save(&record).unwrap();
        store.remove(&record.room_id).unwrap();
        store.remove(&record.room_id).unwrap();
        assert_eq!(store.load(10), []);
    }

    #[test]
    fn files_that_are_no_rooms_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let store = RoomStore::open(folder.path()).unwrap();
        let record = record();
        store.save(&record).unwrap();
        let misnamed = store.path(&random::room_id());
        fs::copy(store.path(&record.room_id), misnamed).unwrap();
        fs::write(store.path(&random::room_id()), "{").unwrap();
        fs::write(store.path(&random::room_id()), vec![b' '; 600 * 1024]).unwrap();
        fs::write(folder.path().join("rooms/room-cut-off.new"), "{").unwrap();
        assert_eq!(store.load(10), [record]);
    }

    #[test]
    fn no_more_rooms_are_read_than_may_exist() {
        let folder = tempfile::tempdir().unwrap();
        let store = RoomStore::open(folder.path()).unwrap();
        for _ in 0..5 {
            store.save(&record()).unwrap();
        }
        assert_eq!(store.load(3).len(), 3);
    }
}
