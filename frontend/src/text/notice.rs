//! What the page tells people while a meeting runs, and why a meeting ended.

use super::{Text, devices, error, quality, texts};
use crate::meeting::notice::{DeviceError, EndReason, Notice, NoticeAction, Relief};

texts! {
    /// There is no such device.
    DEV_NONE = "No such device was found; you can join without one.",
        "Kein solches Gerät gefunden; du kannst auch ohne teilnehmen.",
        "No se encontró ese dispositivo; puedes unirte sin él.";
    /// The browser refused the device.
    DEV_DENIED = "The browser was told not to allow it. Allow it beside the address, then retry.",
        "Der Browser darf es nicht. Erlaube es neben der Adresse und versuche es noch einmal.",
        "El navegador no lo permite. Permítelo junto a la dirección e inténtalo de nuevo.";
    /// Another program holds the device.
    DEV_BUSY = "Another program uses the device; close it and retry.",
        "Ein anderes Programm benutzt das Gerät; schließe es und versuche es noch einmal.",
        "Otro programa usa el dispositivo; ciérralo e inténtalo de nuevo.";
    /// Not a page that may ask for devices.
    INSECURE = "Browsers allow cameras only on https:// or localhost.",
        "Browser erlauben Kameras nur auf https:// oder localhost.",
        "Los navegadores solo permiten cámaras en https:// o localhost.";
    /// The connection is lost; its gap is the number of the try.
    RECONNECTING = "Connection lost, reconnecting (try {})…",
        "Verbindung verloren, wird neu aufgebaut (Versuch {})…",
        "Conexión perdida, reconectando (intento {})…";
    /// The connection is back.
    RESUMED = "Back in the meeting.", "Wieder in der Besprechung.", "De vuelta en la reunión.";
    /// The browser plays no sound yet.
    AUTOPLAY = "The browser holds the sound back until you click.",
        "Der Browser hält den Ton zurück, bis du klickst.",
        "El navegador retiene el sonido hasta que hagas clic.";
    /// Nobody's media reaches the server; the gap is its address.
    UNREACHABLE = "Nobody's media reaches {}/udp: PUBLIC_IP or the firewall is wrong.",
        "Niemandes Bild und Ton erreicht {}/udp: PUBLIC_IP oder die Firewall stimmt nicht.",
        "El audio y el vídeo de nadie llegan a {}/udp: PUBLIC_IP o el cortafuegos es incorrecto.";
    /// One's own picture takes more than the meeting allows.
    PICTURE_TOO_LARGE = "Your picture takes more than this meeting allows, so others see it with gaps.",
        "Dein Bild braucht mehr, als diese Besprechung erlaubt: Die anderen sehen es mit Lücken.",
        "Tu imagen ocupa más de lo que permite esta reunión: los demás la ven con cortes.";
    /// Button: plays the sound.
    PLAY_SOUND = "Play sound", "Ton abspielen", "Reproducir sonido";
    /// Button: tries at once.
    TRY_NOW = "Try now", "Jetzt versuchen", "Intentar ahora";
    /// Button: it has been read.
    DISMISS = "Dismiss", "Ausblenden", "Descartar";
    /// Why one was not let in: the invite's time has passed; the gap is when.
    EXPIRED_ON = "This invite link expired on {}; ask for a new one.",
        "Dieser Einladungslink ist am {} abgelaufen; bitte um einen neuen.",
        "Este enlace de invitación caducó el {}; pide uno nuevo.";
    /// Why it ended: the person left.
    LEFT = "You left the meeting.", "Du hast die Besprechung verlassen.",
        "Has salido de la reunión.";
    /// Why it ended: the host removed the person.
    KICKED = "The host removed you.", "Die Leitung hat dich entfernt.", "El anfitrión te ha expulsado.";
}

/// What is wrong with a device.
#[must_use]
pub const fn device(error: DeviceError) -> Text {
    match error {
        DeviceError::None => DEV_NONE,
        DeviceError::Denied => DEV_DENIED,
        DeviceError::Busy => DEV_BUSY,
        DeviceError::InsecureContext => INSECURE,
    }
}

/// What a notice says.
#[must_use]
pub fn notice(notice: Notice) -> String {
    match notice {
        Notice::Reconnecting(attempt) => RECONNECTING.with(&[&attempt.to_string()]),
        Notice::Resumed => RESUMED.to_string(),
        Notice::Autoplay => AUTOPLAY.to_string(),
        Notice::Device(error) => device(error).to_string(),
        Notice::NetWeak(Relief::CameraOff) => quality::NET_WEAK_UP.to_string(),
        Notice::NetWeak(Relief::ReceiveLess) => quality::NET_WEAK_DOWN.to_string(),
        Notice::CpuWeak(_) => quality::CPU_WEAK.to_string(),
        Notice::Thrifty => quality::THRIFTY.to_string(),
        Notice::DeviceReplaced(kind) => devices::replaced(kind).to_string(),
        Notice::DeviceFound(kind) => devices::found(kind).to_string(),
        Notice::SpeaksMuted => devices::SPEAKS_MUTED.to_string(),
        Notice::MicSilent => devices::MIC_SILENT.to_string(),
        Notice::PictureTooLarge => PICTURE_TOO_LARGE.to_string(),
        Notice::Server(code) => error::of(code).to_string(),
        Notice::Unreachable(address) => UNREACHABLE.with(&[&address.to_string()]),
    }
}

/// The words on a notice's button.
#[must_use]
pub const fn action(action: NoticeAction) -> Text {
    match action {
        NoticeAction::AllowSound => PLAY_SOUND,
        NoticeAction::Retry => TRY_NOW,
        NoticeAction::CameraOff => quality::CAMERA_OFF,
        NoticeAction::ReceiveLess => quality::RECEIVE_LESS,
        NoticeAction::ReceiveAll => quality::RECEIVE_ALL,
        NoticeAction::Dismiss => DISMISS,
        NoticeAction::UseDevice(_) => devices::USE_IT,
        NoticeAction::Unmute => devices::UNMUTE,
        NoticeAction::OpenSettings => devices::SETTINGS,
    }
}

/// Why a meeting ended.
#[must_use]
pub const fn end(reason: EndReason) -> Text {
    match reason {
        EndReason::Left => LEFT,
        EndReason::Kicked => KICKED,
        EndReason::Refused(code) => error::of(code),
        EndReason::Unreachable => super::UNREACHABLE,
    }
}
