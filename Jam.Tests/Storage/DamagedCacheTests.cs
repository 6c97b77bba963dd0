using FsCheck;
using FsCheck.Fluent;
using Jam.Peer.Storage;
using NUnit.Framework;

namespace Jam.Tests.Storage;

/// <summary>Whatever becomes of the files: what was verified and is still right is kept, nothing wrong is ever given out.</summary>
internal sealed class DamagedCacheTests
{
    private readonly TestTrack _track = new(20_300);
    private TempFolder _folder = null!;
    private int _next;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void A_run_that_ends_anywhere_and_files_that_are_spoilt_anywhere_cost_what_is_spoilt_and_no_more() =>
        Prop.ForAll(Runs().ToArbitrary(), given =>
        {
            var cache = new TrackCache(_folder.Make($"cache-{_next++}"));
            using (var storage = cache.Open(_track.Manifest, default))
                _track.Fill(storage, given.Chunks);
            var data = Data();
            var right = File.ReadAllBytes(data);
            foreach (var damage in given.Damages)
                damage.Do(data, Manifest(data));
            var spoilt = File.Exists(data) ? File.ReadAllBytes(data) : [];

            using var again = new TrackCache(_folder[$"cache-{_next - 1}"]).Open(_track.Manifest, default);
            return Enumerable.Range(0, _track.Chunks).All(chunk =>
            {
                var isSame = Slice(spoilt, chunk).SequenceEqual(_track.Chunk(chunk));
                Assert.That(again.Has(chunk), Is.EqualTo(isSame), $"chunk {chunk}");
                return !again.Has(chunk) || TestTrack.Read(again, chunk).AsSpan().SequenceEqual(_track.Chunk(chunk));
            }) && right.Length == _track.Bytes.Length;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Test]
    public void What_is_spoilt_while_it_is_in_use_is_not_given_to_others() => Prop.ForAll(
        Gen.Choose(0, _track.Bytes.Length - 1).SelectMany(_ => Gen.Choose(1, 255), (at, bit) => (at, bit)).ToArbitrary(), given =>
        {
            var cache = new TrackCache(_folder.Make($"cache-{_next++}"));
            using var storage = cache.Open(_track.Manifest, default);
            _track.FillAll(storage);
            new Damage(0, given.at, (byte)given.bit).Do(Data(), "");
            var wrong = given.at / _track.Manifest.ChunkSizeBytes;
            Assert.That(() => TestTrack.Read(storage, wrong), Throws.InstanceOf<IOException>().With.Message.Contains("no longer what it was"));
            return Enumerable.Range(0, _track.Chunks).Where(chunk => chunk != wrong)
                .All(chunk => TestTrack.Read(storage, chunk).AsSpan().SequenceEqual(_track.Chunk(chunk)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    private Gen<(int[] Chunks, Damage[] Damages)> Runs()
    {
        var damage = Gen.Choose(0, 5).SelectMany(
            kind => Gen.Choose(0, _track.Bytes.Length - 1).SelectMany(_ => Gen.Choose(1, 255), (at, value) => (at, value)),
            (kind, where) => new Damage(kind, where.at, (byte)where.value));
        return Gen.Choose(0, _track.Chunks - 1).ListOf().SelectMany(
            _ => damage.ListOf(), (chunks, damages) => (chunks.ToArray(), damages.Take(4).ToArray()));
    }

    private string Data() => Path.Combine(_folder[$"cache-{_next - 1}"], "tracks", _track.Id.ToString(), "data");

    private static string Manifest(string data) => Path.Combine(Path.GetDirectoryName(data)!, "manifest");

    private byte[] Slice(byte[] bytes, int chunk)
    {
        var start = Math.Min(bytes.Length, chunk * _track.Manifest.ChunkSizeBytes);
        return bytes[start..Math.Min(bytes.Length, start + _track.Manifest.SizeOf(chunk))];
    }

    /// <summary>One thing that a crash, a disk or a person does to files.</summary>
    private sealed record Damage(int Kind, int At, byte Value)
    {
        public void Do(string data, string manifest)
        {
            switch (Kind)
            {
                case 0 when File.Exists(data):
                    Change(data, At, b => (byte)(b ^ Value));
                    break;
                case 1 when File.Exists(data):
                    using (var file = File.OpenWrite(data))
                        file.SetLength(At);
                    break;
                case 2:
                    File.AppendAllText(data, new string('x', Value));
                    break;
                case 3:
                    File.Delete(data);
                    break;
                case 4:
                    File.WriteAllBytes(manifest, new byte[At % 700]);
                    break;
                default:
                    File.Delete(manifest);
                    break;
            }
        }

        private static void Change(string path, int at, Func<byte, byte> change)
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (at >= file.Length)
                return;
            file.Position = at;
            var value = change((byte)file.ReadByte());
            file.Position = at;
            file.WriteByte(value);
        }
    }
}
