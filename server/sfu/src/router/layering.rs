//! Which layers of a source are sent to whom, and which of them its publisher need not send.

use std::time::{Duration, Instant};

use shared::media::{Layer, Viewing};

use crate::bandwidth::allocation::Steps;

use super::{
    ConsumerKey, MAX_EVENTS, MAX_LAYERS, ProducerKey, Router, RouterError, RouterEvent,
    layer::LayerStream,
    producer::Producer,
    schedule::awaited,
    selector::{Allocation, LayerView},
    spatial::SpatialLayer,
};

/// How often it is looked which layers come and which are wanted.
pub(super) const LAYER_TICK: Duration = Duration::from_millis(250);

/// How long nobody must want a layer before its publisher is told: to look at another page of tiles
/// for a moment shall not cost a key frame.
const UNWANTED_AFTER: Duration = Duration::from_secs(2);

/// What layers are supposed to take as long as they have not been seen, in bits per second: what our
/// page sends of 1 Mbit/s.
const USUAL_RATES: [u32; MAX_LAYERS] = [100_000, 250_000, 650_000];

/// Which layers of one source anybody wants, and what its publisher knows of it.
#[derive(Debug, Default)]
pub(super) struct WantedLayers {
    /// Layers the publisher was told of, a bit each; all, before it was told anything.
    told: Option<u8>,
    /// When each was wanted last.
    wanted_at: [Option<Instant>; MAX_LAYERS],
}

impl WantedLayers {
    /// Takes which of `all` layers are wanted now, a bit each; returns what the publisher is to be
    /// told, if that has changed.
    fn update(&mut self, now: Instant, wanted: u8, all: u8) -> Option<u8> {
        let mut effective = 0;
        for (index, at) in self.wanted_at.iter_mut().enumerate() {
            let bit = 1 << index;
            if wanted & bit != 0 || at.is_none() {
                *at = Some(now);
            }
            if at.is_some_and(|at| now.saturating_duration_since(at) < UNWANTED_AFTER) {
                effective |= bit & all;
            }
        }
        (self.told.unwrap_or(all) != effective).then_some(effective)
    }

    fn is_settled(&self, wanted: u8, all: u8) -> bool {
        self.told.unwrap_or(all) == wanted
    }
}

impl Router {
    /// Takes what a viewer shows of a video.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub fn set_viewing(
        &mut self,
        now: Instant,
        consumer: ConsumerKey,
        viewing: Viewing,
    ) -> Result<(), RouterError> {
        let found = self.consumers.get_mut(consumer.0).ok_or(RouterError::UnknownConsumer)?;
        found.selector.set_viewing(viewing);
        let producer = found.options.producer;
        self.retarget(now, producer);
        Ok(())
    }

    /// What a viewer said that it shows of a video.
    #[must_use]
    pub fn viewing(&self, consumer: ConsumerKey) -> Option<Viewing> {
        self.consumers.get(consumer.0)?.selector.viewing()
    }

    /// Says which layer a consumer's link carries at most; none is nothing for now.
    ///
    /// # Errors
    /// When the consumer is gone.
    pub fn set_target(
        &mut self,
        now: Instant,
        consumer: ConsumerKey,
        target: Option<Layer>,
    ) -> Result<(), RouterError> {
        let found = self.consumers.get_mut(consumer.0).ok_or(RouterError::UnknownConsumer)?;
        found.selector.set_allocation(target.map_or(Allocation::Nothing, Allocation::UpTo));
        let producer = found.options.producer;
        self.retarget(now, producer);
        Ok(())
    }

    /// The layers a consumer could be sent, with their bit rates: nothing of a muted source, nothing
    /// that the viewer does not show, and nothing that is a choice of sound.
    #[must_use]
    pub fn steps(&self, now: Instant, consumer: ConsumerKey) -> Steps {
        let mut steps = Steps::default();
        let Some(consumer) = self.consumers.get(consumer.0) else { return steps };
        let producer = self.producers.get(consumer.options.producer.0);
        let Some(producer) = producer.filter(|one| !one.paused && one.options.codec.is_video())
        else {
            return steps;
        };
        let (views, count) = views(now, producer);
        let useful = consumer.selector.useful(views.get(..count).unwrap_or_default());
        let spatial = (0_u8..).zip(USUAL_RATES).take(count);
        let mut smaller = 0;
        for (spatial, usual) in spatial.filter(|(spatial, _)| Some(*spatial) <= useful) {
            let rates = producer.rates(spatial);
            let [.., all] = rates;
            if all <= smaller {
                steps.push(Layer { spatial, temporal: 0 }, smaller.saturating_add(usual));
                continue;
            }
            smaller = if producer.is_simulcast() { 0 } else { all };
            // A smaller picture is better than one that moves less, so only the smallest is slowed.
            let mut before = 0;
            for (rate, temporal) in rates.into_iter().zip(0..) {
                if rate > before && (spatial == 0 || rate == all) {
                    steps.push(Layer { spatial, temporal }, rate);
                }
                before = rate;
            }
        }
        steps
    }

    /// Chooses anew what each viewer of a source is sent, and asks for the key frames that takes.
    pub(super) fn retarget(&mut self, now: Instant, key: ProducerKey) {
        self.choose(now, key);
        for index in self.awaited_layers(key) {
            self.request_key_frame(now, key, index);
        }
    }

    fn choose(&mut self, now: Instant, key: ProducerKey) {
        let Some(producer) = self.producers.get_mut(key.0) else { return };
        if !producer.options.codec.is_video() {
            return;
        }
        let (views, count) = views(now, producer);
        let views = views.get(..count).unwrap_or_default();
        let mut watched = 0;
        for consumer in &producer.consumers {
            let Some(consumer) = self.consumers.get_mut(consumer.0) else { continue };
            consumer.retarget(views);
            watched |= consumer.stream().map_or(0, bit) | consumer.awaits().map_or(0, bit);
        }
        for (stream, index) in producer.layers.iter_mut().zip(0..) {
            stream.watched = watched & bit(index) != 0;
            if !stream.watched {
                stream.forget_wishes();
            }
        }
        self.layers_due.get_or_insert(now + LAYER_TICK);
    }

    /// The layers that viewers of a source wait for.
    fn awaited_layers(&self, key: ProducerKey) -> impl Iterator<Item = u8> + use<> {
        let producer = self.producers.get(key.0);
        let awaited = producer.map_or(0, |producer| awaited(producer, &self.consumers));
        (0_u8..).take(MAX_LAYERS).filter(move |index| awaited & bit(*index) != 0)
    }

    /// Looks at the layers of all sources, and tells publishers and viewers what has changed.
    pub(super) fn poll_layers(&mut self, now: Instant) {
        self.layers_due = None;
        for slot in 0..self.producers.slots() {
            let Some(key) = self.producers.key_at(slot).map(ProducerKey) else { continue };
            let is_video = |one: &Producer| one.options.codec.is_video();
            if self.producers.get(key.0).is_some_and(is_video) {
                let before = self.layers_due;
                self.choose(now, key);
                self.layers_due = before;
                self.request_forgotten(now, key);
                self.tell_publisher(now, key);
                self.tell_viewers(now, key);
            }
        }
    }

    fn tell_publisher(&mut self, now: Instant, key: ProducerKey) {
        let Some(producer) = self.producers.get_mut(key.0) else { return };
        let consumers = producer.consumers.iter().filter_map(|key| self.consumers.get(key.0));
        let wanted = consumers.filter(|one| !one.is_paused()).fold(0, |wanted, consumer| {
            let selector = &consumer.selector;
            let layers = [selector.desired(), selector.target()];
            let [desired, target] = layers.map(|layer| Some(selector.stream_of(layer?)));
            let streams = [desired, target, consumer.stream()];
            streams.into_iter().flatten().fold(wanted, |wanted, index| wanted | bit(index))
        });
        let all = (0_u8..).zip(&producer.layers).fold(0, |all, (index, _)| all | bit(index));
        if let Some(layers) = producer.wanted.update(now, wanted, all)
            && self.events.len() < MAX_EVENTS
        {
            producer.wanted.told = Some(layers);
            self.events.push_back(RouterEvent::LayersWanted { producer: key, layers });
        }
        let is_live = producer.layers.iter().any(|stream| stream.is_live(now));
        if is_live || !producer.wanted.is_settled(wanted, all) {
            self.layers_due = Some(now + LAYER_TICK);
        }
    }

    fn tell_viewers(&mut self, now: Instant, key: ProducerKey) {
        let Some(producer) = self.producers.get(key.0) else { return };
        for consumer in &producer.consumers {
            let Some(found) = self.consumers.get_mut(consumer.0) else { continue };
            let Some(layer) = found.news() else { continue };
            if self.events.len() >= MAX_EVENTS {
                self.layers_due = Some(now + LAYER_TICK);
                return;
            }
            found.note_told(layer);
            self.events.push_back(RouterEvent::ConsumerLayer { consumer: *consumer, layer });
        }
    }

    /// Asks for the key frames that are waited for without having been asked for.
    fn request_forgotten(&mut self, now: Instant, key: ProducerKey) {
        for index in self.awaited_layers(key) {
            let layers = self.producers.get(key.0).map(|producer| producer.layers.as_slice());
            let stream = layers.and_then(|layers| layers.get(usize::from(index)));
            if stream.is_some_and(|stream| stream.key_frames.due().is_none()) {
                self.request_key_frame(now, key, index);
            }
        }
    }
}

/// The bit of a layer in a set of them.
pub(super) const fn bit(layer: u8) -> u8 {
    if (layer as usize) < MAX_LAYERS { 1 << layer } else { 0 }
}

/// What selectors see of a source's layers, and how many there are: its streams, or where it has but
/// one, the spatial layers of that.
fn views(now: Instant, producer: &Producer) -> ([LayerView; MAX_LAYERS], usize) {
    let mut views = [LayerView { size: None, is_live: false }; MAX_LAYERS];
    let of_stream = |stream: &LayerStream, layer: &SpatialLayer| LayerView {
        size: layer.size,
        is_live: layer.is_live(now) && !stream.is_excessive,
    };
    let mut count = 0;
    for stream in &producer.layers {
        let layers = stream.spatial_layers().iter();
        let taken = if producer.is_simulcast() { 1 } else { MAX_LAYERS };
        for layer in layers.take(taken) {
            if let Some(view) = views.get_mut(count) {
                *view = of_stream(stream, layer);
                count += 1;
            }
        }
    }
    (views, count)
}
