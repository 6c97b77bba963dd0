using System.Collections.Concurrent;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;

namespace Jam.Peer.Network;

/// <summary>Counts for the live view. Owned by the swarm's loop.</summary>
internal sealed class SwarmStats
{
    private readonly Dictionary<TrackId, Counters> _tracks = [];
    private readonly Dictionary<LinkId, (long Down, long Up, long AtUs, double DownRate, double UpRate)> _rates = [];
    private readonly Dictionary<LinkId, long> _rtts = [];
    private SwarmTotals _totals;

    /// <summary>A track's storage is open; what is there now came before.</summary>
    public void OnOpened(TrackStorage storage, long nowUs) => Of(storage.Manifest.Id).Sources ??= new ChunkSources(storage.Have(), nowUs);

    /// <summary>A chunk came, whatever becomes of it.</summary>
    public void OnArrived(ChunkEvent arrived) => _totals.ReceivedBytes += arrived.Chunk.Length;

    public void OnStored(SwarmCore core, StoreChunk stored, ChunkEvent arrived, long nowUs)
    {
        var counters = Of(stored.Track);
        counters.BytesDown += arrived.Chunk.Length;
        _totals.UsefulBytes += arrived.Chunk.Length;
        var isKnown = core.Links.TryGetValue(arrived.Link, out var link);
        counters.Sources?.Add(stored.Chunk, link?.PeerId ?? "unknown", nowUs);
        if (isKnown && link!.IsHost)
            counters.FromHost++;
        else
            counters.FromPeers++;
    }

    public void OnBad(SwarmCore core, ChunkEvent arrived)
    {
        if (core.Links.TryGetValue(arrived.Link, out var link) && link.RemoteSlots.TryGetValue(arrived.Chunk.Slot, out var track))
            Of(track).Bad++;
    }

    public void OnSent(ChunkSentEvent sent)
    {
        Of(sent.Chunk.Track).BytesUp += sent.Bytes;
        _totals.SentBytes += sent.Bytes;
    }

    public void OnRtt(RttEvent rtt) => _rtts[rtt.Link] = rtt.RttUs;

    public SwarmSnapshot Snapshot(
        SwarmCore core, Dictionary<LinkId, PeerConnection> connections, ConcurrentDictionary<TrackId, TrackStorage> storages, long nowUs)
    {
        var tracks = new Dictionary<TrackId, TrackSnapshot>();
        foreach (var (id, storage) in storages)
        {
            var counters = Of(id);
            var have = core.Tracks.TryGetValue(id, out var track) ? track.Have.Count : storage.Have().Count;
            tracks[id] = new TrackSnapshot(
                storage.Manifest.ChunkCount, have, storage.CachedChunks, counters.FromHost, counters.FromPeers, counters.BytesUp,
                counters.BytesDown, counters.Bad, counters.Sources);
        }

        foreach (var gone in _rates.Keys.Where(k => !connections.ContainsKey(k)).ToArray())
        {
            _rates.Remove(gone);
            _rtts.Remove(gone);
        }

        var links = new List<LinkSnapshot>();
        foreach (var (id, connection) in connections)
        {
            if (!core.Links.TryGetValue(id, out var link))
                continue;
            var (down, up) = Rate(link, nowUs);
            links.Add(new LinkSnapshot(
                connection, _rtts.TryGetValue(id, out var rtt) ? rtt : null,
                link.Tracks.ToDictionary(t => t.Key, t => (t.Value.Remote?.Count ?? 0, t.Value.ChunksFrom, t.Value.ChunksTo)), down, up));
        }

        return new SwarmSnapshot(tracks, links) { HasUrgentUploads = core.HasUrgentUploads(nowUs), Totals = _totals };
    }

    private (double Down, double Up) Rate(Link link, long nowUs)
    {
        if (!_rates.TryGetValue(link.Id, out var last))
        {
            _rates[link.Id] = (link.BytesDown, link.BytesUp, nowUs, 0, 0);
            return (0, 0);
        }

        var seconds = Math.Max(1e-3, (nowUs - last.AtUs) / 1e6);
        // A second's memory, whatever the spacing of the pictures.
        var weight = 1 - Math.Exp(-seconds);
        var down = last.DownRate + (((link.BytesDown - last.Down) / seconds) - last.DownRate) * weight;
        var up = last.UpRate + (((link.BytesUp - last.Up) / seconds) - last.UpRate) * weight;
        _rates[link.Id] = (link.BytesDown, link.BytesUp, nowUs, down, up);
        return (down, up);
    }

    private Counters Of(TrackId track)
    {
        if (!_tracks.TryGetValue(track, out var counters))
            _tracks.Add(track, counters = new Counters());
        return counters;
    }

    private sealed class Counters
    {
        public int FromHost { get; set; }

        public int FromPeers { get; set; }

        public long BytesUp { get; set; }

        public long BytesDown { get; set; }

        public int Bad { get; set; }

        public ChunkSources? Sources { get; set; }
    }
}
