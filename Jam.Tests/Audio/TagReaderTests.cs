using System.Buffers.Binary;
using System.Text;
using Jam.Peer.Audio;
using Jam.Peer.Audio.Tags;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>Titles, artists, albums and covers are found wherever formats keep them, and broken tags are no more than missing ones.</summary>
internal sealed class TagReaderTests
{
    private static readonly byte[] Cover = [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, (byte)'J', 0xFF, 0, 7];
    private static readonly byte[] Back = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, 1, 2];
    private static readonly TrackTags Expected = new("Söng", "Ana", "Hits", Cover);

    private static TrackTags Read(byte[] file)
    {
        var reader = new MemoryReader(file);
        return TagReader.Read(reader, TrackFormat.Of(reader, default), default);
    }

    private static void AssertExpected(byte[] file)
    {
        var tags = Read(file);
        Assert.Multiple(() =>
        {
            Assert.That((tags.Title, tags.Artist, tags.Album), Is.EqualTo((Expected.Title, Expected.Artist, Expected.Album)));
            Assert.That(tags.Cover, Is.EqualTo(Cover));
        });
    }

    private static IEnumerable<TestCaseData> Files()
    {
        yield return Case(Id3(2), "ID3v2.2");
        yield return Case(Id3(3), "ID3v2.3");
        yield return Case(Id3(3, unsynchronized: true), "ID3v2.3, unsynchronized");
        yield return Case(Id3(4), "ID3v2.4");
        yield return Case(Id3(4, unsynchronized: true), "ID3v2.4, unsynchronized");
        yield return Case([.. "fLaC"u8, .. Block(4, Comments(false)), .. Block(6, PictureBlock(4, Back)), .. Block(0x86, PictureBlock(3, Cover))], "FLAC");
        yield return Case(Ogg([.. "\u0003vorbis"u8, .. Comments(true)]), "Ogg Vorbis");
        yield return Case(Ogg([.. "OpusTags"u8, .. Comments(true)]), "Opus");
        yield return Case(Riff([.. Chunk("LIST", [.. "INFO"u8, .. Chunk("INAM", "not this"u8), .. Chunk("IART", "Ana\0"u8)]), .. Chunk("id3 ", Id3(3))]), "WAV");

        static TestCaseData Case(byte[] file, string name) => new TestCaseData(file).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Files))]
    public void Tags_are_found(byte[] file) => AssertExpected(file);

    [TestCaseSource(nameof(Files))]
    public void A_file_that_ends_or_lies_anywhere_in_its_tags_is_no_fault(byte[] file)
    {
        for (var cut = 0; cut < file.Length; cut++)
        {
            Read(file[..cut]);
            foreach (var value in (ReadOnlySpan<byte>)[0, 0x7F, 0xFF])
            {
                var broken = (byte[])file.Clone();
                broken[cut] = value;
                Read(broken);
            }
        }
    }

    [Test]
    public void Riff_info_is_read()
    {
        var tags = Read(Riff(Chunk("LIST", [.. "INFO"u8, .. Chunk("INAM", "Söng\0"u8), .. Chunk("IART", "Ana\0"u8), .. Chunk("IPRD", "Hits"u8)])));
        Assert.That(tags, Is.EqualTo(Expected with { Cover = null }));
    }

    [Test]
    public void An_old_tag_at_the_end_of_an_mp3_is_read()
    {
        var tag = new byte[128];
        "TAG"u8.CopyTo(tag);
        Encoding.Latin1.GetBytes("Söng").CopyTo(tag, 3);
        Encoding.Latin1.GetBytes("Ana  ").CopyTo(tag, 33);
        Encoding.Latin1.GetBytes("Hits").CopyTo(tag, 63);
        Assert.That(Read([.. new byte[500], .. tag]), Is.EqualTo(Expected with { Cover = null }));
    }

    [Test]
    public void A_picture_that_is_none_or_too_large_is_left()
    {
        Assert.That(Read([.. "fLaC"u8, .. Block(0x86, PictureBlock(3, "<html>"u8.ToArray()))]).Cover, Is.Null);
        Assert.That(Read([.. "fLaC"u8, .. Block(0x86, PictureBlock(3, [.. Cover, .. new byte[Picture.MaxBytes]]))]).Cover, Is.Null);
    }

    private static byte[] Id3(int version, bool unsynchronized = false)
    {
        byte[] utf16 = [1, 0xFF, 0xFE, .. Encoding.Unicode.GetBytes("Söng\0")];
        byte[] picture = version == 2
            ? [0, .. "JPG"u8, 3, 0, .. Cover]
            : [1, .. "image/jpeg\0"u8, 3, 0xFF, 0xFE, (byte)'c', 0, 0, 0, .. Cover];
        byte[] other = version == 2 ? [0, .. "PNG"u8, 0, 0, .. Back] : [0, .. "image/png\0"u8, 0, 0, .. Back];
        byte[] body =
        [
            .. Frame("TIT2", "TT2", utf16), .. Frame("TPE1", "TP1", version == 4 ? [3, .. "Ana\0Bob"u8] : [0, .. "Ana"u8]),
            .. Frame("TALB", "TAL", [0, .. "Hits"u8]), .. Frame("APIC", "PIC", other), .. Frame("APIC", "PIC", picture), .. new byte[20],
        ];
        if (unsynchronized && version < 4)
            body = Spread(body);
        return [.. "ID3"u8, (byte)version, 0, unsynchronized ? (byte)0x80 : (byte)0, .. SyncSafe(body.Length), .. body, .. new byte[64]];

        byte[] Frame(string name, string old, byte[] content)
        {
            if (version == 2)
                return [.. Encoding.ASCII.GetBytes(old), 0, (byte)(content.Length >> 8), (byte)content.Length, .. content];
            var isSpread = unsynchronized && version == 4;
            if (isSpread)
                content = Spread(content);
            var size = version == 4 ? SyncSafe(content.Length) : BigEndian(content.Length);
            return [.. Encoding.ASCII.GetBytes(name), .. size, 0, isSpread ? (byte)2 : (byte)0, .. content];
        }
    }

    private static byte[] Spread(byte[] bytes) => [.. bytes.SelectMany(b => b == 0xFF ? new byte[] { b, 0 } : [b])];

    private static byte[] SyncSafe(int n) => [(byte)(n >> 21 & 0x7F), (byte)(n >> 14 & 0x7F), (byte)(n >> 7 & 0x7F), (byte)(n & 0x7F)];

    private static byte[] BigEndian(int n)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, n);
        return bytes;
    }

    private static byte[] LittleEndian(int n) => [.. BigEndian(n).Reverse()];

    private static byte[] Block(byte type, byte[] content) => [type, .. BigEndian(content.Length)[1..], .. content];

    private static byte[] Comments(bool withPicture)
    {
        string[] comments = ["nonsense", "title=Söng", "ARTIST=Ana", "Album=Hits", "ALBUM=Other"];
        if (withPicture)
            comments = [.. comments, "METADATA_BLOCK_PICTURE=" + Convert.ToBase64String(PictureBlock(3, Cover))];
        return [.. Text("vendor"), .. LittleEndian(comments.Length), .. comments.SelectMany(Text)];

        static byte[] Text(string text) => [.. LittleEndian(Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];
    }

    private static byte[] PictureBlock(int kind, byte[] image) =>
        [.. BigEndian(kind), .. BigEndian(10), .. "image/jpeg"u8, .. BigEndian(0), .. new byte[16], .. BigEndian(image.Length), .. image];

    // The first packet on a page of its own; the second from there over small pages.
    private static byte[] Ogg(byte[] packet)
    {
        List<byte> file = [.. Page([30], new byte[30])];
        for (var at = 0; at <= packet.Length; at += 255)
        {
            var part = packet[at..Math.Min(packet.Length, at + 255)];
            file.AddRange(Page([(byte)part.Length], part));
        }

        return [.. file];

        static byte[] Page(byte[] sizes, byte[] body) => [.. "OggS"u8, .. new byte[22], (byte)sizes.Length, .. sizes, .. body];
    }

    private static byte[] Chunk(string name, ReadOnlySpan<byte> content) =>
        [.. Encoding.ASCII.GetBytes(name), .. LittleEndian(content.Length), .. content, .. new byte[content.Length & 1]];

    private static byte[] Riff(byte[] chunks) => [.. "RIFF"u8, .. LittleEndian(chunks.Length + 4), .. "WAVE"u8, .. chunks];

    private sealed class MemoryReader(byte[] bytes) : Jam.Peer.Playback.ITrackReader
    {
        public long LengthBytes => bytes.Length;

        public int Read(long offset, Span<byte> buffer, CancellationToken cancellationToken)
        {
            var count = (int)Math.Clamp(bytes.Length - offset, 0, buffer.Length);
            bytes.AsSpan((int)Math.Min(offset, bytes.Length), count).CopyTo(buffer);
            return count;
        }
    }
}
