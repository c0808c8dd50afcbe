//! Sentences of the invites.

use shared::signaling::Role;

use super::{Text, texts};

texts! {
    /// Name of the tab.
    INVITE = "Invite", "Einladen", "Invitar";
    /// Under the link.
    LINK_MEANS = "Whoever has this link walks in.", "Wer diesen Link hat, kommt herein.",
        "Quien tenga este enlace puede entrar.";
    /// There is no link to share.
    NO_LINK = "There is no invite link to share: the host withdrew it.",
        "Es gibt keinen Einladungslink: Die Leitung hat ihn zurückgezogen.",
        "No hay enlace de invitación: el anfitrión lo ha retirado.";
    /// Shares the link with another app.
    SHARE = "Share link", "Link teilen", "Compartir enlace";
    /// Shows the link as a QR code.
    SHOW_QR = "Show QR code", "QR-Code zeigen", "Mostrar código QR";
    /// Name of the QR code.
    QR = "QR code to join the meeting", "QR-Code zum Teilnehmen",
        "Código QR para unirse a la reunión";
    /// Shows the QR code of one link of several.
    SHOW_QR_OF = "Show QR code: {}", "QR-Code zeigen: {}", "Mostrar código QR: {}";
    /// Name of the QR code of one link of several.
    QR_OF = "QR code: {}", "QR-Code: {}", "Código QR: {}";
    /// Heading of the list.
    INVITES = "Invites", "Einladungen", "Invitaciones";
    /// Shows the form that makes one.
    NEW = "New invite", "Neue Einladung", "Nueva invitación";
    /// Label of its name.
    LABEL = "Name, for you", "Name, für dich", "Nombre, para ti";
    /// Example of a name.
    LABEL_EXAMPLE = "Customers", "Kundschaft", "Clientes";
    /// Label of the role.
    ROLE = "Lets in as", "Lässt herein als", "Deja entrar como";
    /// A role.
    GUEST = "Guest", "Gast", "Invitado";
    /// Label of its time.
    EXPIRES = "Works for", "Gilt", "Funciona durante";
    /// A time.
    ONE_HOUR = "1 hour", "1 Stunde", "1 hora";
    /// A time.
    ONE_DAY = "1 day", "1 Tag", "1 día";
    /// A time.
    ONE_WEEK = "7 days", "7 Tage", "7 días";
    /// A time.
    ONE_MONTH = "30 days", "30 Tage", "30 días";
    /// Label of how many may come.
    USES = "Lets in", "Lässt herein", "Deja entrar a";
    /// Any number.
    ANY_NUMBER = "Anyone", "Beliebig viele", "Cualquiera";
    /// One.
    ONE_PERSON = "1 person", "1 Person", "1 persona";
    /// Several.
    MANY_PEOPLE = "{} people", "{} Personen", "{} personas";
    /// Makes it.
    MAKE = "Make invite", "Einladung erstellen", "Crear invitación";
    /// The room's own link.
    ROOM_LINK = "The meeting’s link", "Link der Besprechung", "Enlace de la reunión";
    /// The link of whoever opened the room, which lets in as host.
    HOST_LINK = "The host’s link", "Link der Leitung", "Enlace del anfitrión";
    /// One without a name.
    UNNAMED = "Invite", "Einladung", "Invitación";
    /// How many came by it.
    USED = "{} came", "{} gekommen", "{} han venido";
    /// How many came by it of how many.
    USED_OF = "{} of {} came", "{} von {} gekommen", "{} de {} han venido";
    /// Until when it works.
    MINUTES_LEFT = "{} min left", "noch {} min", "quedan {} min";
    /// Until when it works.
    HOURS_LEFT = "{} h left", "noch {} h", "quedan {} h";
    /// Until when it works.
    DAYS_LEFT = "{} days left", "noch {} Tage", "quedan {} días";
    /// Copies one.
    COPY = "Copy link: {}", "Link kopieren: {}", "Copiar enlace: {}";
    /// Withdraws one.
    REVOKE = "Revoke", "Zurückziehen", "Retirar";
    /// Withdraws one, for those who do not see which.
    REVOKE_WHICH = "Revoke {}", "{} zurückziehen", "Retirar {}";
    /// Asks before that.
    REVOKE_ASK = "Revoke “{}”?", "„{}“ zurückziehen?", "¿Retirar «{}»?";
    /// What that means.
    REVOKE_MEANS = "Nobody comes in by this link any more.",
        "Über diesen Link kommt niemand mehr herein.", "Nadie más podrá entrar con este enlace.";
    /// Removes those, too, who came by it.
    END_SESSIONS = "Also remove those who came by it", "Auch die entfernen, die darüber kamen",
        "Expulsar también a quienes entraron con él";
}

/// A role in words.
#[must_use]
pub const fn role(role: Role) -> Text {
    match role {
        Role::Host => super::room::HOST,
        Role::CoHost => super::host::CO_HOST,
        Role::Guest => GUEST,
    }
}

/// How many an invite lets in.
#[must_use]
pub fn uses(uses: Option<u32>) -> String {
    match uses {
        None => ANY_NUMBER.to_string(),
        Some(1) => ONE_PERSON.to_string(),
        Some(uses) => MANY_PEOPLE.with(&[&uses.to_string()]),
    }
}

/// How many came by an invite.
#[must_use]
pub fn used(uses: u32, max: Option<u32>) -> String {
    let uses = uses.to_string();
    max.map_or_else(|| USED.with(&[&uses]), |max| USED_OF.with(&[&uses, &max.to_string()]))
}

/// How long an invite still works, in the largest unit of which there are two.
#[must_use]
pub fn left(milliseconds: u64) -> String {
    let minutes = milliseconds.div_ceil(60_000);
    let (text, number) = match minutes {
        0..120 => (MINUTES_LEFT, minutes),
        120..2_880 => (HOURS_LEFT, minutes.div_ceil(60)),
        _ => (DAYS_LEFT, minutes.div_ceil(24 * 60)),
    };
    text.with(&[&number.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_said_in_a_unit_one_can_picture() {
        let minute = 60_000;
        for (time, said) in [
            (30 * minute, "30 min left"),
            (24 * 60 * minute, "24 h left"),
            (7 * 24 * 60 * minute - 1, "7 days left"),
        ] {
            assert_eq!(left(time), said);
        }
        assert_eq!(used(2, None), "2 came");
        assert_eq!(used(2, Some(10)), "2 of 10 came");
    }
}
