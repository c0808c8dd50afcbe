//! Sentences of what hosts do, of what others are told of it, and of the lobby.

use shared::signaling::Role;

use super::{Text, texts};
use crate::meeting::{hosted::Hosted, rights::PersonAction};

texts! {
    /// Mark of a co-host.
    CO_HOST = "Co-host", "Co-Leitung", "Coanfitrión";
    /// Mark of one's own tile, for a co-host.
    YOU_THE_CO_HOST = "You · Co-host", "Du · Co-Leitung", "Tú · Coanfitrión";
    /// Name of someone's menu.
    MENU_OF = "Actions for {}", "Aktionen für {}", "Acciones para {}";
    /// Mutes someone.
    MUTE = "Mute", "Stummschalten", "Silenciar";
    /// Asks someone to unmute.
    ASK_TO_UNMUTE = "Ask to unmute", "Um Ton bitten", "Pedir que active el micrófono";
    /// Turns someone's camera off.
    STOP_VIDEO = "Turn camera off", "Kamera ausschalten", "Apagar la cámara";
    /// Ends someone's screen share.
    STOP_SHARE = "Stop screen share", "Bildschirmfreigabe beenden", "Detener la pantalla compartida";
    /// Lowers someone's hand.
    LOWER_HAND = "Lower hand", "Hand senken", "Bajar la mano";
    /// Makes someone a co-host.
    MAKE_CO_HOST = "Make co-host", "Zur Co-Leitung machen", "Hacer coanfitrión";
    /// Makes a co-host a guest.
    MAKE_GUEST = "No longer co-host", "Nicht mehr Co-Leitung", "Dejar de ser coanfitrión";
    /// Makes someone the host.
    HAND_OVER = "Make host", "Leitung übergeben", "Hacer anfitrión";
    /// Removes someone.
    REMOVE = "Remove", "Entfernen", "Expulsar";
    /// Removes someone for good.
    BLOCK = "Remove and block", "Entfernen und sperren", "Expulsar y bloquear";
    /// Asks before handing over.
    HAND_OVER_ASK = "Make {} the host?", "Leitung an {} übergeben?", "¿Hacer anfitrión a {}?";
    /// What that means.
    HAND_OVER_MEANS = "You stay as a co-host. Whoever has the host’s link, as you may, still comes in \
        as a host, until it is revoked.",
        "Du bleibst Co-Leitung. Wer den Link der Leitung hat, du vielleicht auch, kommt damit weiter \
        als Leitung herein, bis er zurückgezogen wird.",
        "Seguirás como coanfitrión. Quien tenga el enlace del anfitrión, quizá tú también, seguirá \
        entrando como anfitrión hasta que se retire.";
    /// Asks before removing.
    REMOVE_ASK = "Remove {}?", "{} entfernen?", "¿Expulsar a {}?";
    /// What that means.
    REMOVE_MEANS = "They leave the meeting at once, and may come back with the invite link.",
        "Wer entfernt wird, ist sofort draußen und kann mit dem Einladungslink wiederkommen.",
        "Saldrá de la reunión de inmediato y podrá volver con el enlace de invitación.";
    /// Asks before blocking.
    BLOCK_ASK = "Remove and block {}?", "{} entfernen und sperren?", "¿Expulsar y bloquear a {}?";
    /// What that means.
    BLOCK_MEANS = "They leave at once, and the invite links they know let nobody in any more. The \
        meeting gets a new link; whoever has only its id has to knock.",
        "Wer gesperrt wird, ist sofort draußen, und die bekannten Einladungslinks lassen niemanden \
        mehr herein. Die Besprechung bekommt einen neuen Link; wer nur ihre Id hat, muss anklopfen.",
        "Saldrá de inmediato y los enlaces que conoce ya no dejarán entrar a nadie. La reunión \
        tendrá un enlace nuevo; quien solo tenga su id deberá llamar.";
    /// The only host is gone.
    HOST_LEFT = "The host left.", "Die Leitung ist gegangen.", "El anfitrión se ha ido.";
    /// Mutes everyone.
    MUTE_ALL = "Mute all", "Alle stummschalten", "Silenciar a todos";
    /// Lets nobody new in.
    LOCK = "Lock", "Abschließen", "Cerrar";
    /// Has those without an invite knock.
    LOBBY = "Lobby", "Warteraum", "Sala de espera";
    /// What the lock does.
    LOCK_MEANS = "Nobody new comes in.", "Niemand Neues kommt herein.", "No entra nadie nuevo.";
    /// What the lobby does.
    LOBBY_MEANS = "Whoever has no invite link knocks first.",
        "Wer keinen Einladungslink hat, klopft erst an.",
        "Quien no tiene enlace de invitación llama antes.";
    /// Leaves alone.
    LEAVE_ALONE = "Leave meeting", "Besprechung verlassen", "Salir de la reunión";
    /// Ends the meeting.
    END_FOR_ALL = "End for everyone", "Für alle beenden", "Terminar para todos";
    /// Asks before that.
    END_ASK = "End the meeting for everyone?", "Besprechung für alle beenden?",
        "¿Terminar la reunión para todos?";
    /// What that means.
    END_MEANS = "Everyone is out at once, and the room and its links are gone.",
        "Alle sind sofort draußen, und Raum und Links gibt es nicht mehr.",
        "Todos saldrán de inmediato, y la sala y sus enlaces dejarán de existir.";
    /// Does not do it after all.
    CANCEL = "Cancel", "Abbrechen", "Cancelar";
    /// Heading of those who knock.
    WAITING = "Waiting to be let in", "Warten auf Einlass", "Esperando para entrar";
    /// One knocks.
    KNOCKS = "{} wants to come in.", "{} möchte hereinkommen.", "{} quiere entrar.";
    /// So many more knock.
    KNOCKS_MORE = "{} people want to come in.", "{} Personen möchten hereinkommen.",
        "{} personas quieren entrar.";
    /// How many wait, beside the button, for those who do not see its number.
    KNOCKS_WAITING = "{} waiting", "{} warten", "{} esperando";
    /// Shows them all.
    SHOW_KNOCKS = "Show", "Anzeigen", "Mostrar";
    /// Lets someone in.
    ADMIT = "Admit", "Einlassen", "Dejar entrar";
    /// Lets someone in, for those who do not see which.
    ADMIT_WHOM = "Admit {}", "{} einlassen", "Dejar entrar a {}";
    /// Sends someone away.
    REFUSE = "Refuse", "Abweisen", "Rechazar";
    /// Sends someone away, for those who do not see which.
    REFUSE_WHOM = "Refuse {}", "{} abweisen", "Rechazar a {}";
    /// Lets all in who wait.
    ADMIT_ALL = "Admit all", "Alle einlassen", "Dejar entrar a todos";
    /// Heading while one waits oneself.
    WAIT = "You’re at the door, {}", "Du stehst vor der Tür, {}", "Estás en la puerta, {}";
    /// The host is there.
    WAIT_FOR_HOST = "The host will let you in soon.", "Die Leitung lässt dich gleich herein.",
        "El anfitrión te dejará entrar pronto.";
    /// The host is not there.
    NO_HOST = "No host is here yet. You can wait: you’ll be let in when one comes.",
        "Noch ist keine Leitung da. Du kannst warten: Sie lässt dich herein, wenn sie kommt.",
        "Aún no hay ningún anfitrión. Puedes esperar: te dejará entrar cuando llegue.";
    /// Waits no longer.
    WAIT_NO_MORE = "Stop waiting", "Nicht länger warten", "Dejar de esperar";
    /// A host muted one.
    MUTED_BY = "{} muted you.", "{} hat dich stummgeschaltet.", "{} te ha silenciado.";
    /// A host turned one's camera off.
    VIDEO_STOPPED_BY = "{} turned your camera off.", "{} hat deine Kamera ausgeschaltet.",
        "{} ha apagado tu cámara.";
    /// A host ended one's screen share.
    SHARE_STOPPED_BY = "{} stopped your screen share.",
        "{} hat deine Bildschirmfreigabe beendet.", "{} ha detenido tu pantalla compartida.";
    /// A host asks one to unmute.
    ASKED_TO_UNMUTE = "{} asks you to unmute.", "{} bittet dich, das Mikrofon einzuschalten.",
        "{} te pide que actives el micrófono.";
    /// Does so.
    UNMUTE = "Unmute", "Einschalten", "Activar";
    /// One is the host now.
    NOW_HOST = "You are the host now.", "Du leitest jetzt die Besprechung.", "Ahora eres el anfitrión.";
    /// One is a co-host now.
    NOW_CO_HOST = "You are a co-host now.", "Du bist jetzt Co-Leitung.", "Ahora eres coanfitrión.";
    /// One is a guest now.
    NOW_GUEST = "You are no longer a co-host.", "Du bist nicht mehr Co-Leitung.",
        "Ya no eres coanfitrión.";
    /// Someone who is gone.
    SOMEONE = "The host", "Die Leitung", "El anfitrión";
    /// Heading when the host ended the meeting.
    OVER = "The meeting has ended", "Die Besprechung ist zu Ende", "La reunión ha terminado";
}

/// What marks someone who is more than a guest.
#[must_use]
pub const fn mark(role: Role) -> Option<Text> {
    match role {
        Role::Host => Some(super::room::HOST),
        Role::CoHost => Some(CO_HOST),
        Role::Guest => None,
    }
}

/// The words on an action.
#[must_use]
pub const fn action(action: PersonAction) -> Text {
    match action {
        PersonAction::Mute => MUTE,
        PersonAction::AskToUnmute => ASK_TO_UNMUTE,
        PersonAction::StopVideo => STOP_VIDEO,
        PersonAction::StopShare => STOP_SHARE,
        PersonAction::LowerHand => LOWER_HAND,
        PersonAction::MakeCoHost => MAKE_CO_HOST,
        PersonAction::MakeGuest => MAKE_GUEST,
        PersonAction::HandOver => HAND_OVER,
        PersonAction::Remove => REMOVE,
        PersonAction::Block => BLOCK,
    }
}

/// What one is asked before a grave action, and what it means.
#[must_use]
pub const fn question(action: PersonAction) -> (Text, Text) {
    match action {
        PersonAction::HandOver => (HAND_OVER_ASK, HAND_OVER_MEANS),
        PersonAction::Block => (BLOCK_ASK, BLOCK_MEANS),
        _ => (REMOVE_ASK, REMOVE_MEANS),
    }
}

/// What a host did to one.
#[must_use]
pub fn hosted(hosted: &Hosted) -> String {
    let (text, name) = match hosted {
        Hosted::Muted(name) => (MUTED_BY, name),
        Hosted::VideoStopped(name) => (VIDEO_STOPPED_BY, name),
        Hosted::ShareStopped(name) => (SHARE_STOPPED_BY, name),
        Hosted::AskedToUnmute(name) => (ASKED_TO_UNMUTE, name),
        Hosted::HostLeft => return HOST_LEFT.to_string(),
        Hosted::Role(Role::Host) => return NOW_HOST.to_string(),
        Hosted::Role(Role::CoHost) => return NOW_CO_HOST.to_string(),
        Hosted::Role(Role::Guest) => return NOW_GUEST.to_string(),
    };
    text.with(&[if name.is_empty() { SOMEONE.get() } else { name }])
}

/// Who knocks.
#[must_use]
pub fn knocks(first: &str, count: usize) -> String {
    if count > 1 { KNOCKS_MORE.with(&[&count.to_string()]) } else { KNOCKS.with(&[first]) }
}

/// How many wait to be let in.
#[must_use]
pub fn knocks_waiting(count: usize) -> String {
    KNOCKS_WAITING.with(&[&count.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_co_host_is_marked_as_one() {
        assert_eq!(mark(Role::CoHost), Some(CO_HOST));
        assert_eq!(mark(Role::Host), Some(crate::text::room::HOST));
        assert_eq!(mark(Role::Guest), None);
    }
}
