using System.Net;
using Jam.Peer.Network;
using Jam.Server.Contracts;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Session;

/// <content>What a command line may ask of a session.</content>
internal sealed partial class JamSession
{
    /// <inheritdoc/>
    public double Volume
    {
        get => _player.Volume;
        set => _player.Volume = value;
    }

    /// <inheritdoc/>
    public double LatencyMs => _player.LatencyMs;

    /// <inheritdoc/>
    public string SetLatency(double ms, bool save) => _player.SetLatency(ms, save);

    /// <inheritdoc/>
    public bool Clicks
    {
        get => _clicks.IsOn;
        set => _clicks.Set(value, (_follower?.Room is { PeerId: not null } room ? room.Role : _options.Role) == Role.Host);
    }

    /// <inheritdoc/>
    public string? ClickPartner
    {
        get => _clicks.Named;
        set => _clicks.Named = value;
    }

    /// <inheritdoc/>
    public LogLevel LogLevel
    {
        get => _log.Level;
        set => _log.Level = value;
    }

    /// <inheritdoc/>
    public string? LogFile => _log.Path;

    /// <inheritdoc/>
    public IRoomControls Room => Follower.Commands;

    /// <inheritdoc/>
    public async Task<string> SeedAsync(string path, CancellationToken cancellationToken)
    {
        var seed = await Task.Run(() => SeedLoader.Load(path, cancellationToken, Progress, _options.Decoder), cancellationToken);
        return await Follower.Commands.OfferAsync(await AddSeedAsync(seed, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<string> PlayAsync(long? positionUs, CancellationToken cancellationToken) =>
        Follower.Commands.AskAsync(new Play(positionUs), cancellationToken);

    /// <inheritdoc/>
    public Task<string> PauseAsync(CancellationToken cancellationToken) => Follower.Commands.AskAsync(new Pause(), cancellationToken);

    /// <inheritdoc/>
    public Task<string> StopPlaybackAsync(CancellationToken cancellationToken) => Follower.Commands.AskAsync(new Stop(), cancellationToken);

    /// <inheritdoc/>
    public Task<string> SeekAsync(long positionUs, CancellationToken cancellationToken) =>
        Follower.Commands.AskAsync(new Seek(positionUs), cancellationToken);

    /// <inheritdoc/>
    public Task<string> SelectTrackAsync(int place, CancellationToken cancellationToken) => Follower.Commands.SelectAsync(place, cancellationToken);

    /// <inheritdoc/>
    public async Task<string> JoinAsync(DnsEndPoint peer, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await _mesh.DialAsync(peer, cancellationToken);
            return $"connected to {_mesh.FindMember(connection.PeerId)?.Name ?? connection.PeerId} at {connection.RemoteEndPoint.Plain()}";
        }
        catch (Exception problem) when (problem is IOException or ProtocolException)
        {
            throw new JamException($"cannot join {peer.Host}:{peer.Port}: {problem.Message}", problem);
        }
    }

    /// <inheritdoc/>
    public Task<string> LeaveAsync(DnsEndPoint peer, CancellationToken cancellationToken) => _mesh.Leave(peer)
        ? Task.FromResult($"left {peer.Host}:{peer.Port}")
        : Task.FromException<string>(new JamException($"there is no connection to {peer.Host}:{peer.Port}; 'connections' lists them"));
}
