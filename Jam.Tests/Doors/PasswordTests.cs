using Jam.Server.Doors;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Doors;

[TestFixture]
[CancelAfter(30_000)]
internal sealed class PasswordTests
{
    private const int Rounds = 10;

    [Test]
    public void A_seal_opens_with_its_password_alone_and_does_not_hold_it()
    {
        var seal = PasswordSeal.Of("correct horse", Rounds);
        Assert.That(PasswordSeal.Opens(seal, "correct horse"), Is.True);
        Assert.That(PasswordSeal.Opens(seal, "correct hors"), Is.False);
        Assert.That(seal, Does.Not.Contain("correct").And.Not.Contain("horse"));
    }

    [Test]
    public void Two_seals_of_one_password_have_neither_salt_nor_hash_in_common()
    {
        var (one, other) = (PasswordSeal.Of("x", Rounds).Split('$'), PasswordSeal.Of("x", Rounds).Split('$'));
        Assert.That((one[2] == other[2], one[3] == other[3]), Is.EqualTo((false, false)));
    }

    [TestCase("")]
    [TestCase("pbkdf2-sha512$10$AAAA$AAAA")]
    [TestCase("pbkdf2-sha512$999999999$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [TestCase("md5$10$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void What_is_no_seal_opens_with_nothing(string seal) => Assert.That(PasswordSeal.Opens(seal, "x"), Is.False);

    [Test]
    public async Task Wrong_passwords_of_an_address_run_out_and_come_back_with_time(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        using var desk = new PasswordDesk(Rounds, time);
        var seal = await desk.SealAsync("right", ct);
        for (var i = 0; i < 20; i++)
            Assert.That(await desk.LookAsync(seal, $"wrong {i}", "192.0.2.1", ct), Is.EqualTo(PasswordAnswer.Wrong));
        Assert.That(await desk.LookAsync(seal, "wrong", "192.0.2.1", ct), Is.EqualTo(PasswordAnswer.NotNow));
        Assert.That(await desk.LookAsync(seal, "wrong", "192.0.2.2", ct), Is.EqualTo(PasswordAnswer.Wrong), "another address has its own");
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.That(await desk.LookAsync(seal, "wrong", "192.0.2.1", ct), Is.EqualTo(PasswordAnswer.Wrong));
        Assert.That(await desk.LookAsync(seal, "wrong", "192.0.2.1", ct), Is.EqualTo(PasswordAnswer.NotNow));
    }

    [Test]
    public async Task A_lecture_hall_behind_one_address_comes_in_with_the_right_password(CancellationToken ct)
    {
        using var desk = new PasswordDesk(Rounds, new ManualTimeProvider());
        var seal = await desk.SealAsync("right", ct);
        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => desk.LookAsync(seal, "right", "192.0.2.1", ct).AsTask()));
        Assert.That(answers.Count(a => a == PasswordAnswer.Right), Is.GreaterThanOrEqualTo(1));
        // Whoever came before the first was found right and was too many comes again; then all are let in at once.
        foreach (var _ in Enumerable.Range(0, 300))
            Assert.That(await desk.LookAsync(seal, "right", "192.0.2.1", ct), Is.EqualTo(PasswordAnswer.Right));
    }

    [Test]
    public async Task Addresses_of_one_network_share_their_attempts_under_ip_version_6(CancellationToken ct)
    {
        using var desk = new PasswordDesk(Rounds, new ManualTimeProvider());
        var seal = await desk.SealAsync("right", ct);
        for (var i = 0; i < 20; i++)
            await desk.LookAsync(seal, "wrong", $"2001:db8::{i + 1}", ct);
        Assert.That(await desk.LookAsync(seal, "wrong", "2001:db8::ffff", ct), Is.EqualTo(PasswordAnswer.NotNow));
    }
}
