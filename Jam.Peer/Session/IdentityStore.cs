using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Jam.Server.Contracts;
using Jam.Server.Hosting;

namespace Jam.Peer.Session;

/// <summary>What is kept of this peer from run to run.</summary>
/// <param name="PeerId">Its own id, which it brings along to every room.</param>
/// <param name="Name">What it calls itself; null: it was never told.</param>
/// <param name="Rooms">Where it was lately, the last one last. The tokens are secret.</param>
internal sealed record KeptIdentity(string PeerId, string? Name = null, IReadOnlyList<KeptRoom>? Rooms = null);

/// <summary>Who this peer was in a room, and what proves it there.</summary>
/// <param name="Url">The room.</param>
/// <param name="PeerId">Who this peer was there.</param>
/// <param name="Token">What proves that.</param>
/// <param name="HostToken">What takes the host's place back there; null: this peer did not open that room.</param>
internal sealed record KeptRoom(string Url, string PeerId, string Token, string? HostToken = null);

/// <summary>
/// This peer's identity in the user's configuration folder: <c>identity.json</c>. A second peer that runs at the same time has
/// <c>identity-2.json</c>, and so on. Written on a loop of its own: nothing in the room waits for a disk.
/// </summary>
internal sealed class IdentityStore : IAsyncDisposable
{
    private const int MaxProcesses = 16;
    private const int MaxRooms = 32;

    private readonly FileStream? _lock;
    private readonly string _path;
    private readonly Action<string> _notice;
    private readonly Lock _gate = new();
    // Full mode: nothing more is said than that something has changed.
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Task _saving;
    private KeptIdentity _kept;

    private IdentityStore(FileStream? held, string path, Action<string> notice)
    {
        (_lock, _path, _notice) = (held, path, notice);
        _kept = (held is null ? null : Read()) ?? new KeptIdentity(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        _saving = held is null ? Task.CompletedTask : Task.Run(SaveAsync);
        _changes.Writer.TryWrite(true);
    }

    /// <summary>What this peer calls itself; null: it was never told.</summary>
    public string? Name
    {
        get
        {
            lock (_gate)
                return _kept.Name;
        }
    }

    /// <summary>Takes the first identity that no other peer of this user has.</summary>
    /// <param name="folder">Folder of the user's settings; null: nothing is kept, and this peer is someone new each time.</param>
    /// <param name="notice">Tells people.</param>
    public static IdentityStore Open(string? folder, Action<string> notice)
    {
        if (folder is null)
            return new IdentityStore(null, "", notice);
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            notice($"this peer's identity cannot be kept in {folder}: {e.Message}");
            return new IdentityStore(null, "", notice);
        }

        for (var process = 1; process <= MaxProcesses; process++)
        {
            var path = Path.Combine(folder, process == 1 ? "identity.json" : FormattableString.Invariant($"identity-{process}.json"));
            if (ProcessLock.TryTake(path + ".lock") is { } held)
                return new IdentityStore(held, path, notice);
        }

        notice($"this peer's identity cannot be kept in {folder}; it is someone new this time");
        return new IdentityStore(null, "", notice);
    }

    /// <summary>Who to be in a room that is at one of some addresses, and what proves it; the proof is null where this peer was not there yet.</summary>
    public (string PeerId, string? Token) For(IEnumerable<Uri> room)
    {
        lock (_gate)
        {
            var known = room.Select(url => _kept.Rooms?.LastOrDefault(r => r.Url == url.ToString())).FirstOrDefault(r => r is not null);
            return known is null ? (_kept.PeerId, null) : (known.PeerId, known.Token);
        }
    }

    /// <summary>What takes the host's place back in a room that is at one of some addresses; null: nothing does.</summary>
    public string? HostTokenFor(IEnumerable<Uri> room)
    {
        lock (_gate)
            return room.Select(url => _kept.Rooms?.LastOrDefault(r => r.Url == url.ToString())?.HostToken).FirstOrDefault(t => t is not null);
    }

    /// <summary>Keeps a name for the next time.</summary>
    public void KeepName(string name) => Change(kept => kept with { Name = name });

    /// <summary>Keeps who this peer is in a room.</summary>
    public void Keep(Uri url, string peerId, string token, string? hostToken = null)
    {
        var room = new KeptRoom(url.ToString(), peerId, token, hostToken);
        Change(kept => kept with { Rooms = [.. (kept.Rooms ?? []).Where(r => r.Url != room.Url).TakeLast(MaxRooms - 1), room] });
    }

    /// <summary>Somebody else has this identity, as where a machine was copied: this peer is another one from now on.</summary>
    public void BecomeSomeoneElse() => Change(kept => new KeptIdentity(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), kept.Name));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _changes.Writer.TryComplete();
        await _saving;
        if (_lock is not null)
            await _lock.DisposeAsync();
    }

    private void Change(Func<KeptIdentity, KeptIdentity> change)
    {
        lock (_gate)
            _kept = change(_kept);
        _changes.Writer.TryWrite(true);
    }

    private async Task SaveAsync()
    {
        var said = false;
        while (await _changes.Reader.WaitToReadAsync())
        {
            _changes.Reader.TryRead(out _);
            try
            {
                Save();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (!said)
                    _notice($"this peer's identity cannot be kept in {_path}: {e.Message}");
                said = true;
            }
        }
    }

    /// <summary>Whole or not at all, and for this user's eyes only.</summary>
    private void Save()
    {
        KeptIdentity kept;
        lock (_gate)
            kept = _kept;
        var fresh = _path + ".new";
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(fresh, options))
            JsonSerializer.Serialize(file, kept, IdentityJson.Default.KeptIdentity);
        File.Move(fresh, _path, overwrite: true);
    }

    private KeptIdentity? Read()
    {
        try
        {
            if (!File.Exists(_path))
                return null;
            var kept = JsonSerializer.Deserialize(File.ReadAllBytes(_path), IdentityJson.Default.KeptIdentity);
            if (kept is not null && IsUsable(kept))
                return kept;
            Damaged("it does not hold what it should");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            Damaged(e is JsonException ? "it is damaged" : e.Message);
        }

        return null;
    }

    // Names.Clean is what the server would make of it: whoever edits the file by hand sees what others see.
    private static bool IsUsable(KeptIdentity kept) => kept.PeerId is not null && Names.IsId(kept.PeerId)
        && (kept.Name is null || Names.Clean(kept.Name, Limits.MaxMemberNameLength) == kept.Name)
        && (kept.Rooms ?? []).All(r => r is { Url: not null, PeerId: not null, Token: not null } && Names.IsId(r.PeerId) && Names.IsId(r.Token)
            && (r.HostToken is null || Names.IsId(r.HostToken)));

    private void Damaged(string why) => _notice($"the saved identity cannot be read ({_path}: {why}); this peer has a new one");
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(KeptIdentity))]
internal sealed partial class IdentityJson : JsonSerializerContext;
