using Jam.Peer.Swarm;
using Jam.Peer.Swarm.Blobs;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>Blobs are fetched from whoever has them, passed on, and never believed without their hash.</summary>
internal sealed class BlobCoreTests
{
    private static readonly LinkId Host = new(1);
    private static readonly LinkId Viewer = new(2);
    private static readonly byte[] Small = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
    private static readonly byte[] Picture = [.. Enumerable.Range(0, 40_000).Select(i => (byte)(i * 31 >> 3))];

    private static BlobCore Asking(params ReadOnlySpan<BlobWish> wishes)
    {
        var core = new BlobCore();
        core.SetQuiet(true, true, 0);
        core.Want(wishes.ToArray(), 0);
        return core;
    }

    private static BlobWish Wish(byte[] bytes, int rank = 0) => new(BlobId.Of(bytes), 64 * 1024, rank);

    private static BlobPieceFrame Piece(byte[] bytes, int offset) => new(
        BlobId.Of(bytes), bytes.Length, offset, bytes[offset..Math.Min(bytes.Length, offset + BlobFrame.MaxPiece)]);

    private static T Single<T>(BlobCore core) => core.TakeEffects().OfType<T>().Single();

    private static BlobWantFrame Asked(BlobCore core, LinkId of)
    {
        var sent = Single<SendFrame>(core);
        Assert.That(sent.Link, Is.EqualTo(of));
        return (BlobWantFrame)sent.Frame;
    }

    [Test]
    public void A_blob_comes_piece_after_piece_and_is_told_to_the_others()
    {
        var core = Asking(Wish(Picture));
        core.LinkUp(Host, isHost: true, 0);
        core.LinkUp(Viewer, isHost: false, 0);
        for (var offset = 0; offset < Picture.Length; offset += BlobFrame.MaxPiece)
        {
            Assert.That(Asked(core, Host).Offset, Is.EqualTo(offset));
            core.Receive(Host, Piece(Picture, offset), 1);
        }

        var effects = core.TakeEffects();
        Assert.Multiple(() =>
        {
            Assert.That(effects.OfType<BlobArrived>().Single().Bytes, Is.EqualTo(Picture));
            Assert.That(effects.OfType<SendFrame>().Single(), Is.EqualTo(new SendFrame(Viewer, new BlobHaveFrame(BlobId.Of(Picture)))));
        });
    }

    [Test]
    public void What_was_fetched_is_given()
    {
        var core = Asking(Wish(Small));
        core.LinkUp(Host, isHost: true, 0);
        core.Receive(Host, Piece(Small, 0), 1);
        core.LinkUp(Viewer, isHost: false, 2);
        core.TakeEffects();
        core.Receive(Viewer, new BlobWantFrame(BlobId.Of(Small), 0, false), 3);
        Assert.That(((BlobPieceFrame)Single<SendFrame>(core).Frame).Bytes, Is.EqualTo(Small));
    }

    [Test]
    public void A_viewer_that_has_it_is_asked_before_the_host()
    {
        var core = new BlobCore();
        core.LinkUp(Host, isHost: true, 0);
        core.LinkUp(Viewer, isHost: false, 0);
        core.Want([Wish(Small)], 0);
        Asked(core, Host);
        core.Receive(Host, new BlobNoneFrame(BlobId.Of(Small)), 1);
        Asked(core, Viewer);
        core.Receive(Viewer, new BlobNoneFrame(BlobId.Of(Small)), 2);
        Assert.That(core.TakeEffects(), Is.Empty, "nobody has it");
        core.Receive(Viewer, new BlobHaveFrame(BlobId.Of(Small)), 3);
        Asked(core, Viewer);
    }

    [Test]
    public void A_link_that_does_not_answer_is_replaced_by_another()
    {
        var core = Asking(Wish(Small));
        core.LinkUp(Host, isHost: true, 0);
        core.TakeEffects();
        Assert.That(core.DueUs(), Is.EqualTo(long.MaxValue), "there is no other");
        core.LinkUp(Viewer, isHost: false, 0);
        core.Timer(core.DueUs());
        Asked(core, Viewer);
    }

    [Test]
    public void A_late_answer_breaks_no_rule()
    {
        var core = Asking(Wish(Small));
        core.LinkUp(Host, isHost: true, 0);
        core.LinkUp(Viewer, isHost: false, 0);
        core.Timer(core.DueUs());
        core.Receive(Viewer, Piece(Small, 0), 4_000_000);
        core.TakeEffects();
        core.Receive(Host, Piece(Small, 0), 5_000_000);
        Assert.That(core.TakeEffects(), Is.Empty);
    }

    [Test]
    public void A_giver_that_leaves_half_way_is_replaced_and_the_blob_begins_anew()
    {
        var core = Asking(Wish(Picture));
        core.LinkUp(Host, isHost: true, 0);
        core.LinkUp(Viewer, isHost: false, 0);
        core.Receive(Host, Piece(Picture, 0), 1);
        core.TakeEffects();
        core.LinkDown(Host, 2);
        Assert.That(Asked(core, Viewer).Offset, Is.Zero);
    }

    [Test]
    public void A_wrong_blob_gets_its_giver_banned_and_another_asked()
    {
        var core = Asking(Wish(Small));
        core.LinkUp(Host, isHost: true, 0);
        core.LinkUp(Viewer, isHost: false, 0);
        core.TakeEffects();
        core.Receive(Host, new BlobPieceFrame(BlobId.Of(Small), 5, 0, [1, 2, 3, 4, 5]), 1);
        var effects = core.TakeEffects();
        Assert.Multiple(() =>
        {
            Assert.That(effects.OfType<DropLink>().Single() is { Ban: true } drop && drop.Link == Host);
            Assert.That(effects.OfType<BlobArrived>(), Is.Empty);
            Assert.That(effects.OfType<SendFrame>().Single().Link, Is.EqualTo(Viewer));
        });
    }

    private static IEnumerable<TestCaseData> Breaches()
    {
        yield return Case(Piece(Picture, 0), "a blob that was not asked for");
        yield return Case(Piece(Small, 0) with { Offset = 1, Total = 301 }, "a piece that was not asked for");
        yield return Case(new BlobPieceFrame(BlobId.Of(Small), 65 * 1024, 0, new byte[BlobFrame.MaxPiece]), "a blob above the cap of its kind");
        yield return Case(new BlobPieceFrame(BlobId.Of(Small), 300, 0, [0]), "a piece cut short");
        yield return Case(new BlobNoneFrame(BlobId.Of(Picture)), "an answer to no question");

        static TestCaseData Case(Frame frame, string name) => new TestCaseData(frame).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Breaches))]
    public void A_breach_cuts_its_sender_off_and_does_not_ban_it(BlobFrame frame)
    {
        var core = Asking(Wish(Small));
        core.LinkUp(Host, isHost: true, 0);
        core.Receive(Host, frame, 1);
        Assert.That(core.TakeEffects().OfType<DropLink>().Single(), Has.Property("Ban").False);
    }

    [Test]
    public void A_length_that_changes_half_way_cuts_its_sender_off()
    {
        var core = Asking(Wish(Picture));
        core.LinkUp(Host, isHost: true, 0);
        core.Receive(Host, Piece(Picture, 0), 1);
        core.Receive(Host, Piece(Picture, BlobFrame.MaxPiece) with { Total = 50_000 }, 2);
        Assert.That(core.TakeEffects().OfType<DropLink>().ToList(), Has.Count.EqualTo(1));
    }

    [Test]
    public void Nobody_gets_a_blob_again_and_again()
    {
        var core = new BlobCore();
        core.Add(BlobId.Of(Small), Small, 0);
        core.LinkUp(Viewer, isHost: false, 0);
        for (var i = 0; i < 100; i++)
            core.Receive(Viewer, new BlobWantFrame(BlobId.Of(Small), 0, false), i);
        var answers = core.TakeEffects().OfType<SendFrame>().Select(s => s.Frame).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(answers.OfType<BlobPieceFrame>().Count(), Is.EqualTo(4));
            Assert.That(answers.OfType<BlobNoneFrame>().Count(), Is.EqualTo(96));
        });
    }

    [Test]
    public void A_flood_of_patient_requests_cuts_its_sender_off()
    {
        var core = new BlobCore();
        core.LinkUp(Viewer, isHost: false, 0);
        for (var i = 0; i < 20; i++)
        {
            var bytes = new byte[1000 + i];
            core.Add(BlobId.Of(bytes), bytes, i);
            core.Receive(Viewer, new BlobWantFrame(BlobId.Of(bytes), 0, true), i);
        }

        Assert.That(core.TakeEffects().OfType<DropLink>().ToList(), Has.Count.EqualTo(1));
    }

    [Test]
    public void What_is_not_needed_to_play_is_asked_for_when_the_music_is_here()
    {
        var core = Asking(Wish(Picture, BlobCore.PatientFrom));
        core.SetQuiet(false, true, 0);
        core.LinkUp(Host, isHost: true, 0);
        Assert.That(core.TakeEffects(), Is.Empty);
        core.SetQuiet(true, true, 1);
        Assert.That(Asked(core, Host).IsPatient);
    }

    [Test]
    public void A_picture_goes_out_when_no_chunk_does_and_to_the_one_that_is_furthest()
    {
        var core = new BlobCore();
        core.Add(BlobId.Of(Picture), Picture, 0);
        core.LinkUp(Host, isHost: true, 0);
        core.LinkUp(Viewer, isHost: false, 0);
        core.Receive(Host, new BlobWantFrame(BlobId.Of(Picture), 0, true), 1);
        core.Receive(Viewer, new BlobWantFrame(BlobId.Of(Picture), BlobFrame.MaxPiece, true), 2);
        Assert.That(core.TakeEffects(), Is.Empty, "chunks go out");
        core.SetQuiet(true, true, 3);
        Assert.That(Single<SendLastFrame>(core).Link, Is.EqualTo(Viewer));
        core.SetQuiet(true, false, 4);
        core.PieceSent(Viewer, 5);
        Assert.That(core.TakeEffects(), Is.Empty, "chunks go out again");
        core.SetQuiet(true, true, 6);
        Assert.That(Single<SendLastFrame>(core).Link, Is.EqualTo(Host));
    }

    [Test]
    public void What_is_not_wanted_any_more_is_let_go_and_what_was_made_here_is_not()
    {
        var core = Asking(Wish(Small));
        core.Add(BlobId.Of(Picture), Picture, 0);
        core.LinkUp(Host, isHost: true, 0);
        core.Receive(Host, Piece(Small, 0), 1);
        core.Want([], 2);
        core.TakeEffects();
        core.Receive(Host, new BlobWantFrame(BlobId.Of(Small), 0, false), 3);
        Assert.That(Single<SendFrame>(core).Frame, Is.TypeOf<BlobNoneFrame>());
        core.Receive(Host, new BlobWantFrame(BlobId.Of(Picture), 0, true), 4);
        Assert.That(Single<SendLastFrame>(core).Frame, Is.TypeOf<BlobPieceFrame>());
    }

    [Test]
    public void A_host_that_has_not_answered_is_left_for_a_viewer_that_has_it()
    {
        var core = Asking(Wish(Small));
        core.LinkUp(Host, isHost: true, 0);
        core.LinkUp(Viewer, isHost: false, 0);
        Asked(core, Host);
        core.Receive(Viewer, new BlobHaveFrame(BlobId.Of(Small)), 1);
        Asked(core, Viewer);
        core.Receive(Viewer, Piece(Small, 0), 2);
        var effects = core.TakeEffects();
        Assert.Multiple(() =>
        {
            Assert.That(effects.OfType<BlobArrived>(), Has.One.Items);
            Assert.That(effects.OfType<SendFrame>().Single(), Is.EqualTo(new SendFrame(Host, new BlobHaveFrame(BlobId.Of(Small)))));
        });
    }

    [Test]
    public void No_more_is_kept_than_the_cap()
    {
        var core = new BlobCore();
        core.SetQuiet(true, true, 0);
        core.LinkUp(Viewer, isHost: false, 0);
        for (var i = 0; i < 20; i++)
        {
            var bytes = new byte[BlobFrame.MaxTotal];
            bytes[0] = (byte)i;
            core.Add(BlobId.Of(bytes), bytes, 0);
            core.Receive(Viewer, new BlobWantFrame(BlobId.Of(bytes), 0, true), i);
            core.PieceSent(Viewer, i);
        }

        Assert.That(core.TakeEffects().OfType<SendFrame>().Count(s => s.Frame is BlobNoneFrame), Is.EqualTo(20 - BlobCore.MaxHeldBytes / BlobFrame.MaxTotal));
    }
}
