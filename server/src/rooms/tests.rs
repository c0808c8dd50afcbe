use super::*;

fn registry(data_dir: &std::path::Path, settings: RoomSettings) -> RoomRegistry {
    RoomRegistry::open(RoomStore::open(data_dir).unwrap(), settings, Instant::now())
}

#[test]
fn rooms_survive_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let before = registry(data.path(), RoomSettings::default());
    let created_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let room = before.create("Ada", Admission::InviteOnly, created_at).unwrap();
    drop(before);
    let after = registry(data.path(), RoomSettings::default());
    assert_eq!(after.summary(&room.room_id), Some(room));
}

#[test]
fn there_are_no_more_rooms_than_allowed() {
    let data = tempfile::tempdir().unwrap();
    let rooms = registry(data.path(), RoomSettings { max_rooms: 2, ..RoomSettings::default() });
    let create = || rooms.create("Ada", Admission::BareIdAllowed, SystemTime::now());
    create().unwrap();
    create().unwrap();
    assert_eq!(create().unwrap_err().code(), ErrorCode::ServerBusy);
    assert_eq!(rooms.len(), 2);
}

#[test]
fn an_empty_room_ends_for_good() {
    let data = tempfile::tempdir().unwrap();
    let settings = RoomSettings::default();
    let rooms = registry(data.path(), settings);
    let room = rooms.create("Ada", Admission::BareIdAllowed, SystemTime::now()).unwrap();
    rooms.handle_timeout(Instant::now());
    assert!(rooms.summary(&room.room_id).is_some());
    rooms.handle_timeout(Instant::now() + settings.idle_timeout);
    assert_eq!(rooms.summary(&room.room_id), None);
    assert!(registry(data.path(), settings).is_empty());
}

#[test]
fn a_folder_that_is_gone_is_an_error_and_no_room() {
    let data = tempfile::tempdir().unwrap();
    let rooms = registry(data.path(), RoomSettings::default());
    std::fs::remove_dir_all(data.path()).unwrap();
    let created = rooms.create("Ada", Admission::BareIdAllowed, SystemTime::now());
    assert_eq!(created.unwrap_err().code(), ErrorCode::Internal);
    assert!(rooms.is_empty());
}

#[test]
fn a_router_leads_to_its_room_until_it_is_lost() {
    let data = tempfile::tempdir().unwrap();
    let rooms = registry(data.path(), RoomSettings::default());
    let created = rooms.create("Ada", Admission::BareIdAllowed, SystemTime::now()).unwrap();
    let room = rooms.find(&created.room_id).unwrap();
    let slot = rooms.router_of(&room, &mut room.lock());
    let again = rooms.router_of(&room, &mut room.lock());
    assert_eq!(slot.router_id, again.router_id);
    let found = rooms.room_of_router(slot.router_id).unwrap();
    assert_eq!(found.lock().id(), &created.room_id);
    rooms.handle_router_loss(|router_id| router_id == slot.router_id);
    assert_eq!(rooms.router_count(), 0);
}

#[test]
fn ids_of_different_kinds_differ_too() {
    let data = tempfile::tempdir().unwrap();
    let rooms = registry(data.path(), RoomSettings::default());
    let numbers = [rooms.next_transport_id().0, rooms.next_producer_id().0];
    assert_ne!(numbers[0], numbers[1]);
}

#[test]
fn a_name_has_1_to_64_visible_characters() {
    let longest = "ñ".repeat(limits::MAX_NAME_CHARS);
    assert_eq!(checked_name(&longest), Ok(longest.as_str()));
    assert_eq!(checked_name("  Alice B. "), Ok("Alice B."));
    for name in ["", "   ", "a\nb", "\u{7f}", &"ñ".repeat(limits::MAX_NAME_CHARS + 1)] {
        assert_eq!(checked_name(name), Err(ErrorCode::NameInvalid), "{name:?}");
    }
}
