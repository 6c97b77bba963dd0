namespace Jam.Peer.Swarm;

/// <summary>The numbers of the scheduler. Times in microseconds.</summary>
internal sealed record SwarmSettings
{
    /// <summary>Upload cap in bytes per second; null: none.</summary>
    public long? UpBytesPerSecond { get; init; }

    /// <summary>Download cap in bytes per second; null: none.</summary>
    public long? DownBytesPerSecond { get; init; }

    /// <summary>Requests in flight on a new link.</summary>
    public int FirstInFlight { get; init; } = 2;

    /// <summary>Fewest requests in flight on a link that delivers.</summary>
    public int MinInFlight { get; init; } = 2;

    /// <summary>Most requests in flight on a link.</summary>
    public int MaxInFlight { get; init; } = 64;

    /// <summary>
    /// Requests that were taken back on one link and may still be answered. Sockets of a quick way hold megabytes that left before word of
    /// that came: whoever sent them is no liar.
    /// </summary>
    public int MaxCancelled { get; init; } = 1_024;

    /// <summary>What is kept in flight beyond the round trip, so that the other side never waits for a request.</summary>
    public long InFlightSlackUs { get; init; } = 250_000;

    /// <summary>What plays within this time may be asked of a striping host though it was not offered.</summary>
    public long UrgentUs { get; init; } = 2_000_000;

    /// <summary>As <see cref="UrgentUs"/>, where another peer has said that the chunk is on its way to it.</summary>
    public long UrgentThoughSoonUs { get; init; } = 500_000;

    /// <summary>What plays within this time is asked for in order; the rest rarest first.</summary>
    public long WindowUs { get; init; } = 8_000_000;

    /// <summary>How many missing chunks beyond the window are weighed by rarity at once.</summary>
    public int RarestAmong { get; init; } = 64;

    /// <summary>A request is late after this at the least.</summary>
    public long MinTimeoutUs { get; init; } = 1_000_000;

    /// <summary>As <see cref="MinTimeoutUs"/>, while the track plays.</summary>
    public long MinPlayingTimeoutUs { get; init; } = 500_000;

    /// <summary>A request on a link of unknown rate is late after this.</summary>
    public long FirstTimeoutUs { get; init; } = 4_000_000;

    /// <summary>An offered chunk that no one has after this is offered to another.</summary>
    public long OfferTimeoutUs { get; init; } = 1_500_000;

    /// <summary>A host offers as much as its uplink carries in this time beyond a round trip; the rest goes where there is room later.</summary>
    public long OfferAheadUs { get; init; } = 120_000;

    /// <summary>An offer that was not taken after this (and a round trip) holds no other offer up.</summary>
    public long OfferPatienceUs { get; init; } = 300_000;

    /// <summary>A HAVE for someone who can use it waits this long for something that goes the same way.</summary>
    public long HaveDelayUs { get; init; } = 10_000;

    /// <summary>As <see cref="HaveDelayUs"/>, at the most, where others wait for what they have asked for already, and nothing plays.</summary>
    public long BusyHaveDelayUs { get; init; } = 150_000;

    /// <summary>As <see cref="BusyHaveDelayUs"/>, as a part of the time that what they have asked for takes.</summary>
    public double BusyHavePart { get; init; } = 0.3;

    /// <summary>HAVE of its own to everyone takes no more than this part of the uplink: where that is slow, they wait for longer.</summary>
    public double HaveShare { get; init; } = 0.1;

    /// <summary>With no more links than this, HAVE goes out at once: it costs nothing worth saving.</summary>
    public int HaveAtOnceUpTo { get; init; } = 3;

    /// <summary>As <see cref="HaveDelayUs"/>, for a host: it decides by it whom to give the next chunk.</summary>
    public long HostHaveDelayUs { get; init; } = 40_000;

    /// <summary>As <see cref="HostHaveDelayUs"/>, while the music plays and its uplink is slow: each packet to it costs it one, and it offers a chunk in that time.</summary>
    public long SlowHostHaveDelayUs { get; init; } = 500_000;

    /// <summary>A request is moved to an idle link where that brings its chunk twice as soon and this much sooner besides.</summary>
    public long MoveGainUs { get; init; } = 60_000;

    /// <summary>While nothing plays a host that has given out all is asked again only where it would be so many times as soon as others.</summary>
    public double HostDearness { get; init; } = 2;

    /// <summary>An uplink that has nothing to do says so no more often than this.</summary>
    public long SpareSayUs { get; init; } = 20_000;

    /// <summary>As <see cref="SpareSayUs"/>, to the same one.</summary>
    public long SpareSayAgainUs { get; init; } = 200_000;

    /// <summary>A request is moved to an uplink that has nothing to do where it would take this long at least.</summary>
    public long SpareGainUs { get; init; } = 60_000;

    /// <summary>As <see cref="HaveDelayUs"/>, for someone who has the chunk already, and for SOON.</summary>
    public long IdleHaveDelayUs { get; init; } = 250_000;

    /// <summary>How long a host holds a second copy of a striped chunk back, so that the first can be relayed.</summary>
    public long HoldUs { get; init; } = 1_000_000;

    /// <summary>A manifest of up to this size a host gives to everyone who asks, at once: it is a few packets.</summary>
    public int ManifestForAllBytes { get; init; } = 2_048;

    /// <summary>As many more copies of a manifest go out at once as the first would have come in this time; others have it from those.</summary>
    public long ManifestQuickUs { get; init; } = 20_000;

    /// <summary>A host whose manifest has come within this time gives it to the next who asks when it has nothing else to send.</summary>
    public long ManifestFairUs { get; init; } = 50_000;

    /// <summary>That is so after this.</summary>
    public long ManifestIdleUs { get; init; } = 3_000;

    /// <summary>A host gives a longer one to the next who asks after this, where the first does not say that it has come.</summary>
    public long ManifestCopyUs { get; init; } = 2_500_000;

    /// <summary>How long a host lets a manifest spread from the one whom it gave it to, at the most.</summary>
    public long ManifestSpreadUs { get; init; } = 1_000_000;

    /// <summary>As <see cref="ManifestSpreadUs"/>, in times of what that copy took: the one who has it may have next to no uplink, and a quick host's next copy is no loss.</summary>
    public int ManifestSpreadCopies { get; init; } = 4;

    /// <summary>As <see cref="ManifestSpreadUs"/>, at the least, where its peer has not answered yet, from when the other side's system has it.</summary>
    public long ManifestTurnUs { get; init; } = 100_000;

    /// <summary>As <see cref="ManifestCopyUs"/>, for everyone else: copies that go out before one has come are seconds of a poor uplink.</summary>
    public long ManifestRelayUs { get; init; } = 1_000_000;

    /// <summary>As <see cref="ManifestRelayUs"/>, while the track plays.</summary>
    public long ManifestPlayingRelayUs { get; init; } = 50_000;

    /// <summary>Whoever was given the manifest, and has not said for this long that it has come, is offered a chunk behind it: a slow uplink would else stand still until it does.</summary>
    public long ManifestUnderWayUs { get; init; } = 60_000;

    /// <summary>A relay whose copy takes longer than this lets it spread, as a host does.</summary>
    public long ManifestSlowUs { get; init; } = 100_000;

    /// <summary>An uplink is slow that takes longer for a chunk.</summary>
    public long SlowChunkUs { get; init; } = 100_000;

    /// <summary>What nobody has after this many times what a slow uplink takes for a chunk is stuck: another may have it from here.</summary>
    public double StuckChunks { get; init; } = 3;

    /// <summary>Before a slow uplink a chunk waits this long for those that play before it, and were offered, to be asked for.</summary>
    public long TurnUs { get; init; } = 150_000;

    /// <summary>What comes less than so many times as fast as it plays comes hardly faster.</summary>
    public double ScarceTimes { get; init; } = 3;

    /// <summary>So many times what a slow uplink is known to carry is let out: were it no more, one that has become faster would not show it.</summary>
    public double PaceGain { get; init; } = 1.25;

    /// <summary>Another holder that was not asked yet is asked for a manifest after this.</summary>
    public long ManifestPatienceUs { get; init; } = 100_000;

    /// <summary>Any holder is asked for a manifest again after this.</summary>
    public long ManifestTimeoutUs { get; init; } = 3_000_000;

    /// <summary>A decoder that waits while nothing plays gets its chunk from a striping host after this.</summary>
    public long IdleWaitUs { get; init; } = 1_000_000;

    /// <summary>A request without a deadline is served as if it were needed after this: later than what plays, but not never.</summary>
    public long NoDeadlineUs { get; init; } = 15_000_000;

    /// <summary>Most requests that one link may have waiting here; more are rejected.</summary>
    public int MaxQueuedRequests { get; init; } = 256;

    /// <summary>Most chunks of a track that one link may have OFFERed and that were not asked for; and as many for SOON. The rest is ignored.</summary>
    public int MaxAnnounced { get; init; } = 256;

    /// <summary>Chunks handed to a link's socket and not yet taken by the kernel.</summary>
    public int ChunksInSocket { get; init; } = 2;

    /// <summary>Chunks on their way, over all links, before the first has arrived.</summary>
    public int FirstInPipe { get; init; } = 1;

    /// <summary>How much of what the uplink carries may sit in sockets: what is there can no longer be overtaken.</summary>
    public long SocketQueueUs { get; init; } = 30_000;

    /// <summary>A chunk that has been on its way for this long waits for a slow receiver, not for the uplink.</summary>
    public long SlowReceiverUs { get; init; } = 500_000;

    /// <summary>Bytes that go up for a byte that comes down: 66 for two packets of 1448, requests and HAVE.</summary>
    public double ControlShare { get; init; } = 0.04;

    /// <summary>With fewer links than this no uplink is too poor to take part.</summary>
    public int PoorFromLinks { get; init; } = 4;

    /// <summary>An uplink that takes less for a byte, microseconds, has room for what goes with fetching, whatever it seems to be beside others: 8 Mbit/s.</summary>
    public double NarrowUsPerByte { get; init; } = 1;

    /// <summary>An uplink is poor that is so many times slower than what usually comes over one link; while music plays, everyone does what they can.</summary>
    public double PoorRatio { get; init; } = 6;

    /// <summary>An uplink is poor, too, where what goes with fetching at the room's pace would take this part of it.</summary>
    public double PoorLoad { get; init; } = 0.8;

    /// <summary>An uplink is spent where what goes with fetching at the room's pace would take this part of it.</summary>
    public double SpentLoad { get; init; } = 0.3;

    /// <summary>An uplink that counts for poor is judged again after this at the soonest.</summary>
    public long DoubtUs { get; init; } = 500_000;

    /// <summary>A round trip that waits for less than this part of what a spent uplink would make it wait contradicts that.</summary>
    public double DoubtQueuePart { get; init; } = 0.2;

    /// <summary>So many round trips in a row that contradict it are no accident.</summary>
    public int DoubtRtts { get; init; } = 12;

    /// <summary>As long as it has not arrived, a first chunk is doubted after this: others are pinged.</summary>
    public long DoubtFirstUs { get; init; } = 50_000;

    /// <summary>As <see cref="DoubtFirstUs"/>, at the least, where a manifest has come so quickly that a chunk should take half as long.</summary>
    public long DoubtFirstSoonUs { get; init; } = 20_000;

    /// <summary>So many others.</summary>
    public int DoubtPings { get; init; } = 4;

    /// <summary>A first chunk that takes so many times what an answer to a later request took is held up by its receiver.</summary>
    public int ExcuseTimes { get; init; } = 3;

    /// <summary>So many such chunks say nothing of the uplink; the next one is believed.</summary>
    public int MaxExcused { get; init; } = 2;

    /// <summary>With a cap under which a chunk takes longer, a peer relays nothing that others have.</summary>
    public long CappedOutUs { get; init; } = 2_000_000;

    /// <summary>How many offers a poor uplink refuses of a host: one that offers still finds nobody else.</summary>
    public int MaxDeclined { get; init; } = 4;

    /// <summary>A poor uplink asks only links that are at most so many times slower than the quickest: what trickles is acknowledged packet by packet.</summary>
    public double PoorSlowest { get; init; } = 8;

    /// <summary>Fewest and most requests in flight on a link of a poor uplink: fewer do not share a packet, and more come in bursts that lose packets.</summary>
    public (int Least, int Most) PoorInFlight { get; init; } = (4, 8);

    /// <summary>As <see cref="HaveDelayUs"/>, for someone who has refused a request or an offer: hearing of it costs their uplink as well.</summary>
    public long DeclinesHaveDelayUs { get; init; } = 500_000;

    /// <summary>As <see cref="HaveShare"/>, for a poor one: nobody asks it for what others have.</summary>
    public double PoorHaveShare { get; init; } = 0.01;

    /// <summary>For how long an uplink that is spent on fetching lets a request wait that others could answer.</summary>
    public long SpareUs { get; init; } = 3_000_000;

    /// <summary>A chunk that has not arrived this long after it should have says nothing of the uplink any more.</summary>
    public long LostReceiverUs { get; init; } = 3_000_000;

    /// <summary>Assumed until a link has delivered, bytes per second.</summary>
    public double AssumedBytesPerSecond { get; init; } = 1_000_000;
}
