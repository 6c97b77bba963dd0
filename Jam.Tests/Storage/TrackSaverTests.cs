using System.Text;
using Jam.Peer.Session;
using Jam.Peer.Storage;
using NUnit.Framework;

namespace Jam.Tests.Storage;

/// <summary>A finished track gets into its folder under its own name, and nowhere else whatever the name says.</summary>
internal sealed class TrackSaverTests
{
    private TempFolder _folder = null!;
    private PatternStorage _track = null!;
    private byte[] _bytes = null!;

    private string SaveFolder => _folder["saved"];

    private static IEnumerable<TestCaseData> HostileNames()
    {
        yield return new TestCaseData("../x").Returns("x");
        yield return new TestCaseData("../../../../etc/cron.d/x").Returns("x");
        yield return new TestCaseData("/etc/passwd").Returns("passwd");
        yield return new TestCaseData(@"C:\x").Returns("x");
        yield return new TestCaseData(@"C:x").Returns("C_x");
        yield return new TestCaseData(@"\\server\share\song.mp3").Returns("song.mp3");
        yield return new TestCaseData("..").Returns("track");
        yield return new TestCaseData(".").Returns("track");
        yield return new TestCaseData("").Returns("track");
        yield return new TestCaseData("   ").Returns("track");
        yield return new TestCaseData(". .. ...").Returns("track");
        yield return new TestCaseData("a/").Returns("track");
        yield return new TestCaseData(".bashrc").Returns("bashrc");
        yield return new TestCaseData("a\0b\n\u001b[31mc.mp3").Returns("a_b__[31mc.mp3");
        yield return new TestCaseData("what? <a|b>*\".mp3").Returns("what_ _a_b___.mp3");
        yield return new TestCaseData("Grüße 你好.mp3").Returns("Grüße 你好.mp3");
        yield return new TestCaseData("song.mp3. . ").Returns("song.mp3");
    }

    private static IEnumerable<TestCaseData> LongNames()
    {
        yield return new TestCaseData(new string('x', 500)).SetArgDisplayNames("one letter");
        yield return new TestCaseData(new string('x', 500) + ".mp3").SetArgDisplayNames("one letter and a kind");
        yield return new TestCaseData(new string('我', 255) + ".mp3").SetArgDisplayNames("three bytes a letter");
        yield return new TestCaseData(string.Concat(Enumerable.Repeat("🎵", 127)) + ".mp3").SetArgDisplayNames("four bytes a letter");
        yield return new TestCaseData("x." + new string('y', 500)).SetArgDisplayNames("nothing but kind");
    }

    [SetUp]
    public void MakeTrack()
    {
        _folder = new TempFolder();
        _track = PatternStorage.Create(new TestPattern(5, 2_000), default);
        _bytes = [.. Enumerable.Range(0, 5).SelectMany(chunk => TestTrack.Read(_track, chunk))];
    }

    [TearDown]
    public void RemoveFolder()
    {
        _track.Dispose();
        _folder.Dispose();
    }

    [TestCaseSource(nameof(HostileNames))]
    public string A_name_never_leaves_its_folder(string name) => SavedName(name);

    [TestCaseSource(nameof(LongNames))]
    public void A_name_that_is_too_long_is_cut_to_what_a_disk_takes_and_keeps_its_kind(string name)
    {
        var saved = SavedName(name);
        Assert.That(Encoding.UTF8.GetByteCount(saved), Is.LessThanOrEqualTo(255));
        Assert.That(saved, Does.Not.Contain('\uFFFD'));
        if (name.EndsWith(".mp3", StringComparison.Ordinal))
            Assert.That(saved, Does.EndWith(".mp3"));
    }

    [Test]
    public void A_second_track_of_a_long_name_is_saved_too()
    {
        var name = new string('我', 255) + ".mp3";
        SavedName(name);
        using var other = PatternStorage.Create(new TestPattern(6, 2_000), default);
        Assert.That(TrackSaver.Save(other, SaveFolder, name, default), Does.EndWith(" (2).mp3"));
    }

    [Test]
    public void Another_file_of_the_name_is_not_overwritten()
    {
        Directory.CreateDirectory(SaveFolder);
        File.WriteAllText(Path.Combine(SaveFolder, "song.mp3"), "mine");
        File.WriteAllBytes(Path.Combine(SaveFolder, "song (2).mp3"), new byte[_bytes.Length]);
        var path = TrackSaver.Save(_track, SaveFolder, "song.mp3", default);
        Assert.Multiple(() =>
        {
            Assert.That(Path.GetFileName(path), Is.EqualTo("song (3).mp3"));
            Assert.That(File.ReadAllText(Path.Combine(SaveFolder, "song.mp3")), Is.EqualTo("mine"));
            Assert.That(File.ReadAllBytes(path), Is.EqualTo(_bytes));
            Assert.That(Directory.GetFiles(SaveFolder), Has.Length.EqualTo(3));
        });
    }

    [Test]
    public void A_folder_of_the_name_is_left_alone()
    {
        Directory.CreateDirectory(Path.Combine(SaveFolder, "song.mp3"));
        Assert.That(Path.GetFileName(TrackSaver.Save(_track, SaveFolder, "song.mp3", default)), Is.EqualTo("song (2).mp3"));
    }

    [Test]
    public void The_same_file_is_left_as_it_is()
    {
        var first = TrackSaver.Save(_track, SaveFolder, "song.mp3", default);
        var writtenAt = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(first, writtenAt);
        Assert.That(TrackSaver.Save(_track, SaveFolder, "song.mp3", default), Is.EqualTo(first));
        Assert.That(File.GetLastWriteTimeUtc(first), Is.EqualTo(writtenAt));
        Assert.That(Directory.GetFileSystemEntries(SaveFolder), Has.Length.EqualTo(1));
    }

    [Test]
    public void Peers_that_save_into_one_folder_at_once_make_one_file()
    {
        var paths = new string[8];
        Parallel.For(0, paths.Length, i => paths[i] = TrackSaver.Save(_track, SaveFolder, "song.mp3", default));
        Assert.That(paths.Distinct().Count(), Is.EqualTo(1));
        Assert.That(Directory.GetFileSystemEntries(SaveFolder), Is.EqualTo(paths.Distinct()));
        Assert.That(File.ReadAllBytes(paths[0]), Is.EqualTo(_bytes));
    }

    [Test]
    public void A_save_that_is_cancelled_leaves_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.That(() => TrackSaver.Save(_track, SaveFolder, "song.mp3", cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.GetFileSystemEntries(SaveFolder), Is.Empty);
    }

    // Saves, checks that the one file is where it belongs, and gives its name.
    private string SavedName(string name)
    {
        var path = TrackSaver.Save(_track, SaveFolder, name, default);
        Assert.Multiple(() =>
        {
            Assert.That(Path.GetDirectoryName(Path.GetFullPath(path)), Is.EqualTo(SaveFolder));
            Assert.That(Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories), Is.EquivalentTo(new[] { SaveFolder, path }));
            Assert.That(File.ReadAllBytes(path), Is.EqualTo(_bytes));
        });
        return Path.GetFileName(path);
    }
}
