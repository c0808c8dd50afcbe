//! Sentences of error codes. The English ones are the codes' own.

use shared::error::ErrorCode;

use super::Text;

/// One sentence about what went wrong. A code that only a program can bring about has the
/// sentence of a fault of our own, except in English.
#[must_use]
pub const fn of(code: ErrorCode) -> Text {
    let (german, spanish) = translated(code);
    Text::new(code.text(), german, spanish)
}

#[expect(clippy::too_many_lines, reason = "a table, which the compiler keeps complete")]
const fn translated(code: ErrorCode) -> (&'static str, &'static str) {
    use ErrorCode as E;

    match code {
        E::InviteInvalid => (
            "Dieser Einladungslink ist ungültig; bitte um einen neuen.",
            "Este enlace de invitación no es válido; pide otro.",
        ),
        E::InviteExpired => (
            "Dieser Einladungslink ist abgelaufen; bitte um einen neuen.",
            "Este enlace de invitación ha caducado; pide uno nuevo.",
        ),
        E::InviteRevoked => (
            "Die Leitung hat diese Einladung zurückgezogen.",
            "El anfitrión ha retirado esta invitación.",
        ),
        E::InviteUsedUp => (
            "Dieser Einladungslink wurde so oft benutzt, wie er darf; bitte um einen neuen.",
            "Este enlace de invitación ya se ha usado todas las veces posibles; pide otro.",
        ),
        E::InviteRequired => (
            "Für diese Besprechung brauchst du einen Einladungslink; bitte die Leitung darum.",
            "Esta reunión necesita un enlace de invitación; pídelo al anfitrión.",
        ),
        E::Forbidden => ("Das darfst du hier nicht.", "No puedes hacer eso aquí."),
        E::RoomNotFound => (
            "Hier ist keine Besprechung; vielleicht ist sie zu Ende.",
            "Aquí no hay ninguna reunión; puede que haya terminado.",
        ),
        E::RoomFull => (
            "Alle Plätze dieser Besprechung sind besetzt.",
            "Todas las plazas de esta reunión están ocupadas.",
        ),
        E::RoomLocked => {
            ("Die Leitung hat die Besprechung geschlossen.", "El anfitrión ha cerrado la reunión.")
        }
        E::Kicked => (
            "Die Leitung hat dich aus der Besprechung entfernt.",
            "El anfitrión te ha sacado de la reunión.",
        ),
        E::MeetingEnded => {
            ("Die Leitung hat die Besprechung beendet.", "El anfitrión ha terminado la reunión.")
        }
        E::KnockRefused => {
            ("Die Leitung hat dich nicht eingelassen.", "El anfitrión no te ha dejado entrar.")
        }
        E::LobbyFull => (
            "Zu viele warten schon auf Einlass; versuche es gleich noch einmal.",
            "Demasiadas personas esperan para entrar; inténtalo en un momento.",
        ),
        E::ChatInvalid => ("Schreibe 1 bis 2000 Zeichen.", "Escribe de 1 a 2000 caracteres."),
        E::ParticipantNotFound => {
            ("Diese Person ist nicht mehr da.", "Esta persona ya no está aquí.")
        }
        E::KnockNotFound => (
            "Diese Person wartet nicht mehr auf Einlass.",
            "Esta persona ya no espera para entrar.",
        ),
        E::InviteNotFound => {
            ("Diese Einladung gibt es nicht mehr.", "Esta invitación ya no existe.")
        }
        E::NameInvalid => {
            ("Gib einen Namen mit 1 bis 64 Zeichen an.", "Escribe un nombre de 1 a 64 caracteres.")
        }
        E::Replaced => {
            ("Du nimmst jetzt in einem anderen Fenster teil.", "Te has unido desde otra ventana.")
        }
        E::TicketInvalid => (
            "Die Besprechung konnte nicht fortgesetzt werden; nimm noch einmal teil.",
            "No se pudo reanudar la reunión; únete de nuevo.",
        ),
        E::IceNoPath => (
            "Der Server ist für Ton und Bild nicht erreichbar. Prüfe die Verbindung.",
            "No se puede acceder al servidor para audio y vídeo. Comprueba la conexión.",
        ),
        E::CodecMismatch => (
            "Dein Browser kann dieses Bildformat nicht zeigen.",
            "Tu navegador no puede mostrar este formato.",
        ),
        E::NotFound => ("Unter dieser Adresse ist nichts.", "No hay nada en esta dirección."),
        E::TooMany => {
            ("Zu viele Anfragen; warte einen Moment.", "Demasiadas solicitudes; espera un momento.")
        }
        E::ServerBusy => (
            "Der Server ist ausgelastet; versuche es gleich noch einmal.",
            "El servidor está al límite; inténtalo en un momento.",
        ),
        E::ServerShutdown => (
            "Der Server startet neu; du wirst wieder verbunden.",
            "El servidor se reinicia; volverás a conectarte.",
        ),
        E::ClientOld => (
            "Die App wurde aktualisiert; lade die Seite neu.",
            "La aplicación se ha actualizado; vuelve a cargar la página.",
        ),
        E::NotJoined
        | E::AlreadyJoined
        | E::TransportNotFound
        | E::TransportExists
        | E::TransportState
        | E::SdpInvalid
        | E::ProducerNotFound
        | E::ProducerExists
        | E::ConsumerNotFound
        | E::BadRequest
        | E::MethodNotAllowed
        | E::BodyTooLarge
        | E::UnsupportedMediaType
        | E::OfferUnsupported
        | E::PreconditionRequired
        | E::PreconditionFailed
        | E::Internal => {
            ("Auf dem Server ist etwas schiefgegangen.", "Algo ha fallado en el servidor.")
        }
    }
}
