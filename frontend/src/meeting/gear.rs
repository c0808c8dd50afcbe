//! The cameras, microphones and speakers of the machine, and which of them are wanted.

use shared::media::Source;

/// What a device of the machine is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Makes pictures.
    Camera,
    /// Takes sound in.
    Microphone,
    /// Lets sound out.
    Speaker,
}

impl Kind {
    /// All of them, in the order in which people are asked.
    pub const ALL: [Self; 3] = [Self::Camera, Self::Microphone, Self::Speaker];

    /// What such a device gives to the meeting; a speaker gives nothing.
    #[must_use]
    pub const fn source(self) -> Option<Source> {
        match self {
            Self::Camera => Some(Source::Camera),
            Self::Microphone => Some(Source::Microphone),
            Self::Speaker => None,
        }
    }

    /// The kind of device that gives `source`; a screen comes from none.
    #[must_use]
    pub const fn of_source(source: Source) -> Option<Self> {
        match source {
            Source::Camera => Some(Self::Camera),
            Source::Microphone => Some(Self::Microphone),
            Source::Screen | Source::ScreenAudio => None,
        }
    }

    /// For programs: `camera`, `microphone`, `speaker`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::Speaker => "speaker",
        }
    }
}

/// One device of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What it is for.
    pub kind: Kind,
    /// The browser's name for it: the same on every visit of this site.
    pub id: String,
    /// The maker's name for it; blank where the browser does not say.
    pub label: String,
}

/// Names under which Chromium lists the system's own choice besides the device itself.
const STAND_INS: [&str; 2] = ["default", "communications"];

/// The devices that the browser shows the page, and which are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gear {
    devices: Vec<Device>,
    /// By kind, in the order of [`Kind::ALL`].
    wanted: [Option<String>; 3],
}

impl Gear {
    /// The devices as listed, without those that the browser does not name yet: it names none
    /// before the person has allowed one.
    #[must_use]
    pub fn new(devices: impl IntoIterator<Item = Device>, wanted: [Option<String>; 3]) -> Self {
        let named = devices.into_iter().filter(|device| !device.id.is_empty());
        Self { devices: named.collect(), wanted }
    }

    /// The devices of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(move |device| device.kind == kind)
    }

    /// The device that is used, or would be: the wanted one while it is there, else the first,
    /// which browsers take by themselves.
    #[must_use]
    pub fn in_use(&self, kind: Kind) -> Option<&Device> {
        let wanted = self.wanted(kind);
        let found = self.of(kind).find(|device| Some(device.id.as_str()) == wanted);
        found.or_else(|| self.of(kind).next())
    }

    /// A device of a kind that was plugged in since `former`: what the browser has only now begun
    /// to name is none.
    #[must_use]
    pub fn newcomer(&self, former: &Self, kind: Kind) -> Option<&Device> {
        former.of(kind).next()?;
        self.of(kind).find(|device| {
            !STAND_INS.contains(&device.id.as_str()) && !former.has(kind, &device.id)
        })
    }

    /// Whether the device of a kind that was in use in `former` has been unplugged.
    #[must_use]
    pub fn has_lost(&self, former: &Self, kind: Kind) -> bool {
        let used = former.in_use(kind);
        used.is_some_and(|used| !self.has(kind, &used.id))
    }

    fn wanted(&self, kind: Kind) -> Option<&str> {
        let [camera, microphone, speaker] = &self.wanted;
        let wanted = match kind {
            Kind::Camera => camera,
            Kind::Microphone => microphone,
            Kind::Speaker => speaker,
        };
        wanted.as_deref()
    }

    fn has(&self, kind: Kind, id: &str) -> bool {
        self.of(kind).any(|device| device.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn microphones(ids: &[&str], wanted: Option<&str>) -> Gear {
        let device = |id: &&str| Device {
            kind: Kind::Microphone,
            id: (*id).to_owned(),
            label: format!("Microphone {id}"),
        };
        Gear::new(ids.iter().map(device), [None, wanted.map(str::to_owned), None])
    }

    fn used(gear: &Gear) -> Option<&str> {
        gear.in_use(Kind::Microphone).map(|device| device.id.as_str())
    }

    #[test]
    fn the_wanted_device_is_used_while_it_is_there_and_else_the_first() {
        assert_eq!(used(&microphones(&["default", "a", "b"], Some("b"))), Some("b"));
        assert_eq!(used(&microphones(&["default", "a"], Some("b"))), Some("default"));
        assert_eq!(used(&microphones(&[], Some("b"))), None);
    }

    #[test]
    fn a_device_is_new_that_was_plugged_in_and_not_one_that_is_named_at_last() {
        let newcomer = |former: &[&str], now: &[&str]| {
            let (former, now) = (microphones(former, None), microphones(now, None));
            now.newcomer(&former, Kind::Microphone).map(|device| device.id.clone())
        };
        assert_eq!(newcomer(&["a"], &["a", "b"]).as_deref(), Some("b"));
        assert_eq!(newcomer(&["a", "b"], &["a"]), None);
        assert_eq!(newcomer(&["", ""], &["a", "b"]), None, "the person has allowed it just now");
        assert_eq!(newcomer(&["a"], &["default", "a"]), None, "it stands for a device");
    }

    #[test]
    fn a_device_is_lost_that_was_in_use_and_not_another() {
        let former = microphones(&["a", "b"], Some("b"));
        assert!(microphones(&["a"], Some("b")).has_lost(&former, Kind::Microphone));
        assert!(!microphones(&["b"], Some("b")).has_lost(&former, Kind::Microphone));
        assert!(!microphones(&["a"], None).has_lost(&former, Kind::Speaker));
    }
}
