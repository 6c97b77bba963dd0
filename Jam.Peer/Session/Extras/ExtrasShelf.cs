using System.Collections.Concurrent;
using Jam.Peer.Audio;
using Jam.Peer.Audio.Tags;
using Jam.Peer.Network;
using Jam.Peer.Playback;
using Jam.Peer.Swarm.Blobs;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session.Extras;

/// <summary>
/// What travels beside the room's tracks, as this peer holds it: made from what it seeds, or fetched by the hashes that the room names.
/// What plays comes first, then what plays next; pictures come last.
/// </summary>
internal sealed class ExtrasShelf(Func<SwarmEvent, bool> post)
{
    /// <summary>Covers of what this peer seeds; the rest of what the swarm keeps is for what plays without them.</summary>
    private const int MaxOwnCoverBytes = BlobCore.MaxHeldBytes / 2;

    private readonly ConcurrentDictionary<BlobId, byte[]> _blobs = new();
    private readonly ConcurrentDictionary<BlobId, byte[]> _own = new();
    private readonly ConcurrentDictionary<string, (Sidecars? Of, int Blobs, TrackExtras Extras)> _parsed = new();
    private List<BlobWish> _wishes = [];
    private long _coverBytes;

    /// <summary>Raised on the swarm's loop when something has come.</summary>
    public event Action? Changed;

    /// <summary>Serves what a probe has found in a file that this peer seeds.</summary>
    /// <returns>The track with the hashes that others fetch by.</returns>
    public async Task<TrackInfo> AddSeedAsync(TrackInfo info, TrackProbe probe, SwarmLoop swarm, CancellationToken cancellationToken)
    {
        var cover = probe.Tags?.Cover is { } bytes && Interlocked.Add(ref _coverBytes, bytes.Length) <= MaxOwnCoverBytes ? bytes : null;
        var sidecars = new Sidecars(
            await AddAsync(probe.Index?.ToBytes()), await AddAsync(TagsBlob.Of(probe).ToBytes()), await AddAsync(cover));
        return info with { Sidecars = sidecars };

        async Task<string?> AddAsync(byte[]? blob)
        {
            if (blob is null)
                return null;
            var id = BlobId.Of(blob);
            _own[id] = blob;
            await swarm.PostAsync(new AddBlobEvent(id, blob), cancellationToken);
            return id.ToString();
        }
    }

    /// <summary>The room has said what plays and what will: what is not here is fetched, what nobody needs any more is let go.</summary>
    public void Follow(RoomState room)
    {
        var wishes = Wishes(room);
        if (wishes.SequenceEqual(_wishes) || !post(new WantBlobsEvent(wishes)))
            return;
        _wishes = wishes;
        var wanted = wishes.Select(w => w.Id).ToHashSet();
        foreach (var id in _blobs.Keys.Where(id => !wanted.Contains(id)))
            _blobs.TryRemove(id, out _);
        foreach (var gone in _parsed.Keys.Where(t => room.Track?.TrackId != t && room.Queue.All(q => q.TrackId != t)))
            _parsed.TryRemove(gone, out _);
    }

    /// <summary>A blob that was wanted is here, verified.</summary>
    public void OnBlob(BlobId id, byte[] bytes)
    {
        _blobs[id] = bytes;
        Changed?.Invoke();
    }

    /// <summary>What is here of a track. What is damaged counts as not there: its hash says that whoever named it made it so.</summary>
    public TrackExtras Of(TrackInfo? track)
    {
        if (track?.Sidecars is not { } sidecars)
            return TrackExtras.None;
        var blobs = new[] { Find(sidecars.Index), Find(sidecars.Tags), Find(sidecars.Cover) };
        var have = (blobs[0] is null ? 0 : 1) | (blobs[1] is null ? 0 : 2) | (blobs[2] is null ? 0 : 4);
        if (_parsed.TryGetValue(track.TrackId, out var known) && known.Of == sidecars && known.Blobs == have)
            return known.Extras;
        var extras = new TrackExtras(
            blobs[0] is { } index ? TrackIndex.TryParse(index, track.LengthBytes, out _) : null,
            blobs[1] is { } tags ? TagsBlob.TryParse(tags) : null,
            blobs[2] is { } cover && Picture.TypeOf(cover) is not null ? cover : null);
        _parsed[track.TrackId] = (sidecars, have, extras);
        return extras;
    }

    /// <summary>A blob that is here; null where it is not.</summary>
    public byte[]? Find(BlobId id) => _blobs.GetValueOrDefault(id) ?? _own.GetValueOrDefault(id);

    private byte[]? Find(string? hash) => BlobId.TryParse(hash, out var id) ? Find(id) : null;

    private List<BlobWish> Wishes(RoomState room)
    {
        var wishes = new List<BlobWish>();
        var place = room.Track is { } now ? room.Queue.ToList().FindIndex(t => t.TrackId == now.TrackId) : -1;
        Add(room.Track, 0, 1, BlobCore.PatientFrom + 1);
        Add(place + 1 < room.Queue.Count ? room.Queue[place + 1] : null, BlobCore.PatientFrom, BlobCore.PatientFrom, BlobCore.PatientFrom + 3);
        // What lies before or comes in another order: its index is no picture, and whoever goes back should hear it at once.
        foreach (var track in UpNext.Around(room))
            Add(track with { Sidecars = new Sidecars(track.Sidecars?.Index, track.Sidecars?.Tags) }, BlobCore.PatientFrom + 2, BlobCore.PatientFrom + 2, 0);
        foreach (var track in room.Queue)
            Add(track with { Sidecars = new Sidecars(null, track.Sidecars?.Tags) }, 0, BlobCore.PatientFrom + 2, 0);
        return wishes;

        void Add(TrackInfo? track, int index, int tags, int cover)
        {
            Wish(track?.Sidecars?.Index, TrackIndex.MaxBytes, index);
            Wish(track?.Sidecars?.Tags, TagsBlob.MaxBytes, tags);
            Wish(track?.Sidecars?.Cover, Picture.MaxBytes, cover);
        }

        void Wish(string? hash, int maxBytes, int rank)
        {
            if (BlobId.TryParse(hash, out var id) && !_own.ContainsKey(id) && !wishes.Exists(w => w.Id == id))
                wishes.Add(new BlobWish(id, maxBytes, rank));
        }
    }
}
