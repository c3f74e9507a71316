use super::Record;

#[derive(Clone)]
pub struct Cache;
impl Cache {
    pub async fn open(_: &std::path::Path, _: u64) -> Result<Self, String> {
        Ok(Self)
    }
    pub async fn find(&self, _: &str) -> Result<Option<Record>, String> {
        Ok(None)
    }
    pub async fn keep(&self, _: &str, _: Record) -> Result<(), String> {
        Ok(())
    }
}
