using System.Threading.Channels;
using Jam.Server.Contracts;
using Jam.Server.Rooms;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>
/// Writes rooms behind the back of the loop that owns them: that hands a room over and goes on, and only the newest of each is written.
/// </summary>
internal sealed class RoomSaver : IAsyncDisposable
{
    private readonly IRoomStore _store;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Task _loop;

    // Set whenever something is to be written; once is enough.
    private readonly Channel<bool> _added = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private Dictionary<string, (Room Room, Moment Now)?> _waiting = new(StringComparer.Ordinal);
    private volatile bool _hasFailed;
    private long _oldestUs = long.MaxValue;
    private long _failures;

    public RoomSaver(IRoomStore store, ILogger log, TimeProvider time)
    {
        _time = time;
        _store = store;
        _log = log;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Whether the store took the last change that it was given.</summary>
    public bool IsWell => !_hasFailed;

    /// <summary>Changes that the store did not take.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>How long the oldest change has waited, seconds; while the store does not take them that goes on.</summary>
    public double LagSeconds => Interlocked.Read(ref _oldestUs) is var oldest and < long.MaxValue ? Math.Max(0, _time.NowUs() - oldest) / 1e6 : 0;

    /// <summary>Has a room written soon. Returns at once.</summary>
    public void Save(Room room, Moment now) => Add(room.Name, (room, now));

    /// <summary>Has a room forgotten soon. Returns at once.</summary>
    public void Remove(string name) => Add(name, null);

    /// <summary>Writes what waits, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _added.Writer.TryComplete();
        await _loop;
        _store.Dispose();
    }

    private void Add(string name, (Room, Moment)? what)
    {
        lock (_gate)
            _waiting[name] = what;
        Interlocked.CompareExchange(ref _oldestUs, _time.NowUs(), long.MaxValue);
        _added.Writer.TryWrite(true);
    }

    private async Task RunAsync()
    {
        while (await _added.Reader.WaitToReadAsync())
        {
            while (_added.Reader.TryRead(out _))
                await WriteApartAsync();
        }

        await WriteApartAsync();
    }

    // Stores block: on a machine with two processors that would be half of the threads that everyone shares.
    private Task WriteApartAsync() =>
        Task.Factory.StartNew(WriteAll, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void WriteAll()
    {
        Dictionary<string, (Room Room, Moment Now)?> taken;
        var beganUs = _time.NowUs();
        lock (_gate)
            (taken, _waiting) = (_waiting, new(StringComparer.Ordinal));
        var allTaken = true;
        foreach (var (name, what) in taken)
        {
            try
            {
                if (what is { } kept)
                    _store.Save(RoomMemory.Store(kept.Room, kept.Now));
                else
                    _store.Remove(name);
                _hasFailed = false;
            }
            catch (IOException e)
            {
                // The room goes on without; its next change is written in full again. Said once, not with each of them.
                if (!_hasFailed)
                    HostingLog.NotKept(_log, name, e.Message);
                _hasFailed = true;
                allTaken = false;
                Interlocked.Increment(ref _failures);
            }
        }

        // What came meanwhile has waited no longer than this took.
        if (allTaken)
        {
            lock (_gate)
                Interlocked.Exchange(ref _oldestUs, _waiting.Count == 0 ? long.MaxValue : beganUs);
        }
    }
}
