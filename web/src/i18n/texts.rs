//! The texts, both languages side by side.

use super::Lang;

macro_rules! texts {
    ($($name:ident: $en:literal, $pt:literal;)*) => {
        /// One text of the page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Text { $($name),* }

        /// All texts, for the test that compares the languages.
        #[cfg(test)]
        pub(crate) const ALL: &[Text] = &[$(Text::$name),*];

        const TABLE: &[[&str; 2]] = &[$([$en, $pt]),*];
    };
}

impl Text {
    /// The text in a language.
    pub(crate) fn in_language(self, lang: Lang) -> &'static str {
        TABLE.get(self as usize).map_or("", |[en, pt]| match lang {
            Lang::En => en,
            Lang::Pt => pt,
        })
    }
}

texts! {
    Tagline: "an ORM you can see through", "um ORM que se vê por dentro";
    Example: "Example", "Exemplo";
    Run: "Run", "Executar";
    Continue: "Continue", "Continuar";
    Step: "Step", "Passo";
    Stop: "Stop", "Parar";
    Reset: "Reset", "Zerar";
    RunHint: "Run the whole script (Ctrl+Enter)", "Executar o script inteiro (Ctrl+Enter)";
    StepHint: "One statement on", "Avançar uma instrução";
    StepFlushHint: "Flush what is pending: writes session.flush()", "Descarregar o que está pendente: escreve session.flush()";
    StopHint: "End the run; objects and database stay", "Encerrar a execução; objetos e banco ficam";
    ResetHint: "Forget objects and database; the script stays", "Esquecer objetos e banco; o script fica";
    Share: "Copy link", "Copiar link";
    Shared: "Link copied", "Link copiado";
    ShareFailed: "The link is in the address bar", "O link está na barra de endereço";
    Language: "Português", "English";
    LanguageLabel: "Mudar para português", "Switch to English";
    ThemeAuto: "Colours: as the system", "Cores: as do sistema";
    ThemeLight: "Colours: light", "Cores: claras";
    ThemeDark: "Colours: dark", "Cores: escuras";
    SkipToScript: "Skip to the script", "Ir para o script";
    PhaseEmpty: "Not run yet", "Ainda não executado";
    PhaseRunning: "Running", "Executando";
    PhasePaused: "Paused", "Em pausa";
    PhaseFinished: "Finished", "Concluído";
    PhaseStopped: "Stopped", "Parado";
    PhaseFailed: "Error", "Erro";
    Script: "Script", "Script";
    Models: "Models", "Modelos";
    Code: "Code", "Código";
    StageTab: "Stage", "Palco";
    SqlLog: "SQL", "SQL";
    Data: "Data", "Dados";
    Er: "ER", "ER";
    Session: "Session", "Sessão";
    Plan: "Plan", "Plano";
    Pool: "Pool", "Pool";
    Dialects: "Dialects", "Dialetos";
    DialectsEmpty: "One statement in four dialects. Press ⇄ beside a statement of the SQL log, or type one.", "Uma instrução em quatro dialetos. Pressione ⇄ ao lado de uma instrução do log SQL ou digite uma.";
    DialectsPlain: "This statement was given as text, so no dialect changes it; or it ran too long ago.", "Esta instrução foi dada como texto, então nenhum dialeto a altera; ou rodou há tempo demais.";
    DialectsAsk: "A statement, in Python", "Uma instrução, em Python";
    DialectsShow: "Show", "Mostrar";
    ShowDialects: "Show statement {0} in four dialects", "Mostrar a instrução {0} em quatro dialetos";
    RunsHere: "runs here", "roda aqui";
    ForReading: "text only", "só texto";
    Refused: "not in this dialect", "não neste dialeto";
    PoolEmpty: "No engine yet. create_engine() makes one, with a pool of connections.", "Nenhuma engine ainda. create_engine() cria uma, com um pool de conexões.";
    PoolLazy: "No connection is open. The first statement opens one.", "Nenhuma conexão aberta. A primeira instrução abre uma.";
    PoolInUse: "{0} in use", "{0} em uso";
    PoolIdle: "{0} of {1} waiting", "{0} de {1} esperando";
    PoolOverflow: "overflow {0} of {1}", "excedente {0} de {1}";
    PoolLink: "connection {0}", "conexão {0}";
    PoolRests: "waits in the pool", "espera no pool";
    PoolUses: "taken {0}×", "usada {0}×";
    PoolHistory: "Latest first", "Mais recentes primeiro";
    PoolOpened: "connection {0} opened", "conexão {0} aberta";
    PoolCheckedOut: "connection {0} checked out", "conexão {0} retirada";
    PoolShared: "connection {0} taken once more", "conexão {0} retirada mais uma vez";
    PoolUnshared: "connection {0} given up by one holder", "conexão {0} liberada por um detentor";
    PoolReset: "connection {0} rolled back", "conexão {0} desfeita (rollback)";
    PoolCheckedIn: "connection {0} checked in", "conexão {0} devolvida";
    PoolClosed: "connection {0} closed", "conexão {0} fechada";
    PoolInvalidated: "connection {0} invalidated", "conexão {0} invalidada";
    PoolOverflowed: "pool full: connection {0} is overflow", "pool cheio: a conexão {0} é excedente";
    PoolTimedOut: "pool exhausted: nobody gave a connection back", "pool esgotado: ninguém devolveu uma conexão";
    Output: "Output", "Saída";
    OutputEmpty: "What the script prints appears here.", "O que o script imprime aparece aqui.";
    OutputCut: "Earlier output is not shown.", "A saída anterior não é mostrada.";
    EditorLabel: "Script in Python", "Script em Python";
    EditorKeys: "Tab indents. Press Escape, then Tab, to leave the editor.", "Tab indenta. Pressione Escape e depois Tab para sair do editor.";
    Line: "line {0}", "linha {0}";
    LineLink: "Show line {0} of the script", "Mostrar a linha {0} do script";
    Hint: "Hint: {0}", "Dica: {0}";
    Column: "column {0}", "coluna {0}";
    NewClass: "New class", "Nova classe";
    NewColumn: "Column", "Coluna";
    NewRelationship: "Relationship", "Relacionamento";
    NewObject: "New object", "Novo objeto";
    ModelsEmpty: "No models yet. Declare a class: the form writes it into the script.", "Nenhum modelo ainda. Declare uma classe: o formulário a escreve no script.";
    ErEmpty: "Models and their ties appear here once the script declares classes.", "Modelos e seus vínculos aparecem aqui quando o script declara classes.";
    ErLabel: "Entity relationship diagram of {0} tables", "Diagrama entidade-relacionamento de {0} tabelas";
    ClassName: "Class", "Classe";
    TableName: "Table", "Tabela";
    ColumnName: "Name", "Nome";
    Type: "Type", "Tipo";
    Nullable: "may be empty", "pode ficar vazia";
    Unique: "unique", "única";
    ForeignKey: "Refers to", "Refere-se a";
    NoForeignKey: "nothing", "nada";
    Target: "Other class", "Outra classe";
    Kind: "Kind", "Tipo";
    OtherName: "Name on the other side", "Nome do outro lado";
    WriteIt: "Write into the script", "Escrever no script";
    Close: "Close", "Fechar";
    Variable: "Variable", "Variável";
    PrimaryKey: "primary key", "chave primária";
    NotNull: "NOT NULL", "NOT NULL";
    DeleteOrphan: "delete-orphan", "delete-orphan";
    DeleteOrphanHint: "Delete a child that loses its parent; edits the script and runs it again", "Excluir o filho que perde o pai; edita o script e o executa de novo";
    Through: "through {0}", "por meio de {0}";
    OneToMany: "one to many", "um para muitos";
    ManyToOne: "many to one", "muitos para um";
    OneToOne: "one to one", "um para um";
    ManyToMany: "many to many", "muitos para muitos";
    Transient: "Transient", "Transiente";
    Pending: "Pending", "Pendente";
    Persistent: "Persistent", "Persistente";
    Deleted: "Deleted", "Excluído";
    Detached: "Detached", "Desanexado";
    TransientHint: "New to Python only. session.add() makes it pending.", "Existe só no Python. session.add() o torna pendente.";
    PendingHint: "Will be inserted by the next flush.", "Será inserido no próximo flush.";
    PersistentHint: "Stands for a row, and the session watches it.", "Representa uma linha, e a sessão o observa.";
    DeletedHint: "Its row is gone in this transaction.", "A linha foi excluída nesta transação.";
    DetachedHint: "Has a row, but no session watches it.", "Tem uma linha, mas nenhuma sessão o observa.";
    DatabaseRow: "Database row", "Linha no banco";
    SessionEmpty: "No objects yet. Run the script, or press Step to go line by line.", "Nenhum objeto ainda. Execute o script ou use Passo para ir linha a linha.";
    NoSession: "no session open", "nenhuma sessão aberta";
    IdentityMap: "Identity map", "Mapa de identidade";
    IdentityMapHint: "One key, one object.", "Uma chave, um objeto.";
    IdentityMapEmpty: "Empty. An object enters when it has a primary key.", "Vazio. Um objeto entra quando tem chave primária.";
    Key: "Key", "Chave";
    Object: "Object", "Objeto";
    Expired: "expired", "expirado";
    NotLoaded: "not loaded", "não carregado";
    Changed: "changed", "alterado";
    CardMenu: "Actions for {0}", "Ações para {0}";
    AddToSession: "Add to session", "Adicionar à sessão";
    DeleteIt: "Delete", "Excluir";
    ExpungeIt: "Expunge", "Expurgar";
    ExpireIt: "Expire", "Expirar";
    RefreshIt: "Refresh", "Recarregar";
    SetAttribute: "Set attribute", "Definir atributo";
    ChangeRelationship: "Change a relationship", "Mudar um relacionamento";
    Value: "Value, in Python", "Valor, em Python";
    Attribute: "Attribute", "Atributo";
    Set: "Set", "Definir";
    MoreObjects: "and {0} more", "e mais {0}";
    PlanPreview: "The next flush", "O próximo flush";
    PlanRunning: "Flush {0}, running", "Flush {0}, em execução";
    PlanDone: "Flush {0}, done", "Flush {0}, concluído";
    PlanFailed: "Flush {0}, failed", "Flush {0}, falhou";
    PlanEmpty: "Nothing to flush. Add, change or delete an object, and what a flush would do appears here before it runs.", "Nada para descarregar. Adicione, altere ou exclua um objeto, e o que o flush faria aparece aqui antes de acontecer.";
    Apply: "Apply", "Aplicar";
    ApplyHint: "Writes session.flush() and runs it", "Escreve session.flush() e executa";
    PlanList: "List", "Lista";
    PlanGraph: "Graph", "Grafo";
    PlanRows: "Before and after", "Antes e depois";
    Wave: "Wave {0}", "Onda {0}";
    StepNumber: "step {0}", "passo {0}";
    Insert: "insert", "inserir";
    Update: "update", "atualizar";
    DeleteRow: "delete", "excluir";
    Link: "link", "ligar";
    Unlink: "unlink", "desligar";
    PostUpdate: "fill in key", "preencher chave";
    FromStep: "{0} of step {1}", "{0} do passo {1}";
    GeneratedByDatabase: "made by the database", "gerado pelo banco";
    Because: "because", "porque";
    After: "after", "depois de";
    WhyTitle: "Why this before that?", "Por que este antes daquele?";
    WhyFirst: "First", "Primeiro";
    WhySecond: "Second", "Segundo";
    WhySame: "Pick two different steps.", "Escolha dois passos diferentes.";
    WhyNone: "Nothing ties {0} and {1}: either order would do.", "Nada amarra {0} e {1}: qualquer ordem serviria.";
    WhyReversed: "It is the other way round: {0} runs after {1}.", "É o contrário: {0} roda depois de {1}.";
    Must: "must", "obrigatório";
    KeyCopy: "key copy", "cópia de chave";
    TieBreak: "tie-break", "desempate";
    Statements: "Statements", "Instruções";
    CutPlan: "Only the first {0} of {1} steps are shown.", "Só os primeiros {0} de {1} passos são mostrados.";
    Before: "Before", "Antes";
    AfterTitle: "After", "Depois";
    GraphLabel: "Graph of {0} steps and {1} ties, told as text in the list view", "Grafo de {0} passos e {1} laços, contado como texto na lista";
    NoRow: "no row", "sem linha";
    SqlEmpty: "No SQL yet. Each statement appears here with the line that caused it.", "Nenhum SQL ainda. Cada instrução aparece aqui com a linha que a causou.";
    SqlCut: "Earlier statements are not shown.", "As instruções anteriores não são mostradas.";
    OneRowAffected: "1 row changed", "1 linha alterada";
    RowsAffected: "{0} rows changed", "{0} linhas alteradas";
    OneRow: "1 row", "1 linha";
    RowsReturned: "{0} rows", "{0} linhas";
    Milliseconds: "{0} ms", "{0} ms";
    SetsMore: "and {0} more sets", "e mais {0} conjuntos";
    FromDefault: "default", "padrão";
    PurposeFlush: "flush", "flush";
    PurposeLazy: "lazy load {0}.{1}", "carga preguiçosa {0}.{1}";
    PurposeEager: "eager load {0}", "carga antecipada {0}";
    PurposeRefresh: "refresh {0}", "recarga {0}";
    PurposeDdl: "schema", "esquema";
    PurposeQuery: "query", "consulta";
    PurposeInspect: "look at the schema", "olhar o esquema";
    DataEmpty: "No tables yet. Base.metadata.create_all(engine) makes them.", "Nenhuma tabela ainda. Base.metadata.create_all(engine) as cria.";
    NoRows: "no rows", "sem linhas";
    MoreRows: "{0} more rows", "mais {0} linhas";
    Uncommitted: "not committed", "não confirmado";
    MarkInserted: "new", "nova";
    MarkUpdated: "changed", "alterada";
    MarkDeleted: "deleted", "excluída";
    Timeline: "Timeline", "Linha do tempo";
    TimelineBack: "Back", "Voltar";
    TimelineForward: "Forward", "Avançar";
    TimelineStart: "To the start", "Ao início";
    TimelineEnd: "To the end", "Ao fim";
    TimelinePlay: "Play", "Reproduzir";
    TimelinePause: "Pause", "Pausar";
    EventOf: "event {0} of {1}", "evento {0} de {1}";
    NoEvents: "no events yet", "nenhum evento ainda";
    EventSql: "SQL: {0}", "SQL: {0}";
    EventState: "{0}: {1}", "{0}: {1}";
    EventPlanned: "flush planned", "flush planejado";
    EventPreview: "plan of the next flush", "plano do próximo flush";
    EventFlushed: "flush done", "flush concluído";
    EventFlushFailed: "flush failed", "flush falhou";
    EventCommit: "commit", "commit";
    EventRollback: "rollback", "rollback";
    EventBegin: "transaction begins", "início da transação";
    WorkerDied: "The core stopped and was started again. Run the script once more.", "O núcleo parou e foi reiniciado. Execute o script de novo.";
    RestMissing: "A part of the page could not be fetched. Check the connection and run the script once more.", "Uma parte da página não pôde ser carregada. Verifique a conexão e execute o script de novo.";
    NoticeMemory: "{0} is kept in memory: this page may not store files.", "{0} fica na memória: esta página não pode gravar arquivos.";
    NoticeEvents: "Too much happens to record it all: the timeline ends after {0} events.", "Acontece coisa demais para gravar tudo: a linha do tempo termina após {0} eventos.";
    NoticeOutput: "Too much output: the rest is not kept.", "Saída demais: o resto não é guardado.";
    ExampleStart: "Authors and books", "Autores e livros";
    ExampleManyToMany: "Many to many", "Muitos para muitos";
    ExampleOrphan: "Orphans", "Órfãos";
    ExampleLazy: "Lazy loading", "Carga preguiçosa";
    ExampleFailure: "A flush that fails", "Um flush que falha";
    ExampleCustom: "Your script", "Seu script";
}
