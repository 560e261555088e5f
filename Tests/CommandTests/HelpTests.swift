import ArgumentParser
import Testing

@testable import Command

@Suite struct HelpTests {
  @Test("the command's help lists what there is to do, without the worker that only the engine starts")
  func overview() {
    let expected = """
      OVERVIEW: Searches neural architectures while training them, and leaves trained
      networks.

      USAGE: pbtnas <subcommand>

      OPTIONS:
        --version               Show the version.
        -h, --help              Show help information.

      SUBCOMMANDS:
        run                     Start a search.
        resume                  Go on with a search that was interrupted.
        check                   Check a settings file and start nothing.
        report                  Show what a search has found.
        compare                 Compare finished searches over seeds, by strategy and
                                settings.
        evaluate                Evaluate a finished search's best network on draws
                                that the search has not used.
        soup                    Average the weights of a finished search's last
                                members, as far as that improves the best one.
        sample                  Make new pictures from a run's best network, or from
                                any GAN checkpoint.
        video                   Film the best agent of a run of the task rl.
        prune                   Remove checkpoints that a run does not need any more.
        train-classifier        Train the Fashion-MNIST classifier whose features
                                judge GANs.
        doctor                  Say what was found of libtorch, MuJoCo, the processor
                                and GPUs.

        See 'pbtnas help <subcommand>' for detailed help.
      """
    #expect(PBTNASCommand.helpMessage(columns: 80) == expected)
  }

  @Test("the help of run says where results go and how to go on")
  func run() {
    let expected = """
      OVERVIEW: Start a search.

      Interrupting it (Ctrl-C) keeps what is finished; `pbtnas resume` goes on from
      there.

      USAGE: pbtnas run <config> [--output <folder>] [--workers <workers>] [--quiet] [--json]

      ARGUMENTS:
        <config>                The settings file (YAML).

      OPTIONS:
        -o, --output <folder>   The run's folder; must be empty, or not exist yet.
                                (default: runs/<config's name>-<number>)
        --workers <workers>     How many work at once, instead of what the settings
                                say.
        --quiet                 Print the best network's file at the end, and nothing
                                else.
        --json                  Print every event as a line of JSON.
        --version               Show the version.
        -h, --help              Show help information.

      """
    #expect(PBTNASCommand.helpMessage(for: Run.self, columns: 80) == expected)
  }

  @Test("the help of resume offers the options of run, but no other folder")
  func resume() {
    let help = PBTNASCommand.helpMessage(for: Resume.self, columns: 80)
    #expect(
      help.contains("USAGE: pbtnas resume <run> [--workers <workers>] [--quiet] [--json]\n")
        && help.contains("<run>                   The run's folder.\n"))
  }
}
