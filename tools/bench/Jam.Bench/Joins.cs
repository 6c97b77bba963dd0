using System.Diagnostics;
using System.Net;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Bench;

/// <summary>How long a whole peer takes from its start to a second of sound that it could play, in a room where nothing else happens.</summary>
internal static class Joins
{
    private const long PlayableUs = 1_000_000;
    private const int Viewers = 3;

    /// <summary>Milliseconds of each join; the first of the process comes first and meets code that was never run.</summary>
    public static async Task<double[]> MeasureAsync(int count, string track, string folder, CancellationToken cancellationToken)
    {
        await using var host = await StartAsync(new SessionOptions { Role = Role.Host, Name = "host", SeedFiles = [track] }, folder, cancellationToken);
        var port = host.Report().ListenPort;
        var times = new List<double>();
        var standing = new List<JamSession>();
        try
        {
            for (var i = 0; i < count + Viewers; i++)
            {
                var start = Stopwatch.GetTimestamp();
                var viewer = await StartAsync(
                    new SessionOptions { Name = $"viewer {i}", Connect = [new DnsEndPoint("127.0.0.1", port)] }, folder, cancellationToken);
                while (viewer.Report().Playback.BufferUs < PlayableUs)
                    await Task.Delay(1, cancellationToken);
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                while (viewer.Report().Track is not { IsComplete: true })
                    await Task.Delay(5, cancellationToken);
                // A few stay and have it all, so that the swarm is one; the others leave.
                if (standing.Count < Viewers)
                    standing.Add(viewer);
                else
                    await viewer.DisposeAsync();
            }
        }
        finally
        {
            foreach (var viewer in standing)
                await viewer.DisposeAsync();
        }

        return [.. times];
    }

    private static async Task<JamSession> StartAsync(SessionOptions options, string folder, CancellationToken cancellationToken)
    {
        var session = new JamSession(
            options with
            {
                ListenPort = 0, ServerPort = 0, Output = OutputKind.Null, CacheFolder = Path.Combine(folder, Path.GetRandomFileName()),
            },
            TimeProvider.System);
        await session.StartAsync(cancellationToken);
        return session;
    }
}
